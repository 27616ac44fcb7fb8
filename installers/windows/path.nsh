; PATH may be longer than what a variable of NSIS holds (1024 characters), and would come back cut. So it never enters one:
; it is read into memory of the right size and changed there. $1 is the open key, $2 the type of the value, $4 the memory,
; which holds ";PATH;" so that every entry stands between semicolons, the first and the last as well.

!macro SharedPath un

Function ${un}OpenPath
  ${If} $Everyone = 1
    StrCpy $5 -2147483646 ; HKEY_LOCAL_MACHINE
    StrCpy $6 "SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
  ${Else}
    StrCpy $5 -2147483647 ; HKEY_CURRENT_USER
    StrCpy $6 "Environment"
  ${EndIf}
  StrCpy $4 0
  StrCpy $2 2 ; REG_EXPAND_SZ, for a PATH that is not there yet
  StrCpy $3 0
  ; 0x103: query, set, in the 64-bit part of the registry
  System::Call 'advapi32::RegCreateKeyExW(p r5, w r6, i 0, p 0, i 0, i 0x103, p 0, *p .r1, p 0) i .r0'
  ${If} $0 <> 0
    Return
  ${EndIf}
  System::Call 'advapi32::RegQueryValueExW(p r1, w "Path", p 0, *i .r7, p 0, *i .r3) i .r0'
  ${If} $0 = 0
    StrCpy $2 $7
    ${If} $2 <> 1
    ${AndIf} $2 <> 2
      Return ; not a text: not ours to mend
    ${EndIf}
  ${ElseIf} $0 = 2 ; ERROR_FILE_NOT_FOUND
    StrCpy $3 0
  ${Else}
    Return
  ${EndIf}
  StrLen $7 "$INSTDIR"
  IntOp $7 $7 * 2
  IntOp $7 $7 + $3
  IntOp $7 $7 + 16
  System::Alloc $7
  Pop $4
  ${If} $4 == 0
    Return
  ${EndIf}
  System::Call 'kernel32::lstrcpyW(p r4, w ";")'
  IntPtrOp $8 $4 + 2
  ${If} $3 > 0
    System::Call 'advapi32::RegQueryValueExW(p r1, w "Path", p 0, p 0, p r8, *i r3 .r3) i .r0'
    ${If} $0 <> 0
      System::Free $4
      StrCpy $4 0
      Return
    ${EndIf}
  ${EndIf}
  System::Call 'kernel32::lstrlenW(p r8) i .r0'
  ${If} $0 > 0
    System::Call 'kernel32::lstrcatW(p r4, w ";")'
  ${EndIf}
FunctionEnd

; Writes what stands behind the first semicolon, and tells running programs.
Function ${un}WritePath
  IntPtrOp $8 $4 + 2
  System::Call 'kernel32::lstrlenW(p r8) i .r0'
  IntOp $0 $0 + 1
  IntOp $0 $0 * 2
  System::Call 'advapi32::RegSetValueExW(p r1, w "Path", i 0, i r2, p r8, i r0) i .r0'
  SendMessage ${HWND_BROADCAST} ${WM_SETTINGCHANGE} 0 "STR:Environment" /TIMEOUT=2000
FunctionEnd

Function ${un}ClosePath
  ${If} $4 != 0
    System::Free $4
  ${EndIf}
  System::Call 'advapi32::RegCloseKey(p r1)'
FunctionEnd

!macroend

; What the installer and the uninstaller each do with it: once, and only if it is not there yet; what was added, and no more.
!macro AddAndTakeOff

Function AddToPath
  Call OpenPath
  ${If} $4 != 0
    System::Call 'shlwapi::StrStrIW(p r4, w ";$INSTDIR;") p .r9'
    ${If} $9 = 0
      System::Call 'kernel32::lstrcatW(p r4, w "$INSTDIR")'
      Call WritePath
      ${If} $0 = 0
        StrCpy $Added 1
      ${EndIf}
    ${EndIf}
  ${EndIf}
  Call ClosePath
FunctionEnd

Function un.TakeOffPath
  Call un.OpenPath
  ${If} $4 != 0
    System::Call 'shlwapi::StrStrIW(p r4, w ";$INSTDIR;") p .r9'
    ${If} $9 <> 0
      StrLen $5 "$INSTDIR"
      IntOp $5 $5 * 2
      IntOp $5 $5 + 2
      IntPtrOp $6 $9 + $5 ; the semicolon behind our entry takes the place of the one before it
      System::Call 'kernel32::lstrlenW(p r6) i .r7'
      IntOp $7 $7 + 1
      IntOp $7 $7 * 2
      System::Call 'kernel32::RtlMoveMemory(p r9, p r6, p r7)'
      ; the semicolon that OpenPath put behind the last entry
      System::Call 'kernel32::lstrlenW(p r4) i .r7'
      ${If} $7 > 1
        IntOp $7 $7 - 1
        IntOp $7 $7 * 2
        IntPtrOp $7 $4 + $7
        System::Call '*$7(&i2 0)'
        Call un.WritePath
      ${Else}
        System::Call 'advapi32::RegDeleteValueW(p r1, w "Path")'
        SendMessage ${HWND_BROADCAST} ${WM_SETTINGCHANGE} 0 "STR:Environment" /TIMEOUT=2000
      ${EndIf}
    ${EndIf}
  ${EndIf}
  Call un.ClosePath
FunctionEnd

!macroend
