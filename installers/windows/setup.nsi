; The installer for Windows, for one person (no administrator needed) or for everyone. installers/windows/setup.py compiles it:
; it writes files.nsh, which lists what is installed, and hands over the names below with -D.
;
; Switches: /S silent, /ALLUSERS or /CURRENTUSER, /D=FOLDER (last, unquoted), /DESKTOP, /NOPATH,
;           /AUTOSTART starts the tray whenever the one who installs logs in,
;           /WAIT=SECONDS that a running copilot-api gets to stop (default 40: open streams have 30 to finish).
; Exit codes: 0 done, 1 cancelled, 2 a file could not be written, 3 a running copilot-api did not stop,
;           740 /ALLUSERS without administrator rights (ERROR_ELEVATION_REQUIRED).

Target amd64-unicode
SetCompressor /SOLID lzma
ManifestDPIAware true
RequestExecutionLevel user ; whoever wants it for everyone is asked for more rights then
AllowSkipFiles off ; a silent run would otherwise skip what it cannot write, and call itself done

!include MUI2.nsh
!include Sections.nsh
!include FileFunc.nsh
!include LogicLib.nsh
!include nsDialogs.nsh
!include WinMessages.nsh
!include "${FILES}"
!include "${__FILEDIR__}/path.nsh"

!define PROGRAM "$INSTDIR\${NAME}.exe"
!define UNINSTALLER "$INSTDIR\uninstall.exe"
!define ABOUT "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"
!define APPROVED "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
!define BUSY 3
!define ELEVATION_REQUIRED 740

Name "${TITLE}"
OutFile "${OUT}"
BrandingText "${TITLE} ${VERSION}"
ShowInstDetails nevershow
ShowUninstDetails nevershow

VIProductVersion "${NUMBERS}"
VIFileVersion "${NUMBERS}"
VIAddVersionKey ProductName "${TITLE}"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "${TITLE} setup"
VIAddVersionKey CompanyName "${PUBLISHER}"
VIAddVersionKey LegalCopyright "${LICENCE} licence"

!ifdef SIGN
  !finalize '${SIGN} "%1"' = 0
  !uninstfinalize '${SIGN} "%1"' = 0
!endif

Var Everyone ; 1: for everyone on this machine
Var Given ; the folder of /D=, "" without it
Var Seconds ; how long a running program gets to stop
Var Added ; 1: the entry in PATH is ours to remove
Var AtLogin ; 1: it started at login before
Var Radio

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_FUNCTION StartTray
!define MUI_FINISHPAGE_RUN_TEXT "Start it now, in the bar beside the clock"
!define MUI_FINISHPAGE_RUN_NOTCHECKED
!insertmacro MUI_PAGE_LICENSE "${LICENCE_FILE}"
Page custom AskForWhom TakeForWhom
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE English

; ---------------------------------------------------------------------------------------------- what both programs need

!macro Shared un

; For whom it is: where links, the list of programs and PATH are then.
Function ${un}UseScope
  ${If} $Everyone = 1
    SetShellVarContext all
  ${Else}
    SetShellVarContext current
  ${EndIf}
FunctionEnd

; Leaves with 740 when silent, else starts again with more rights. $R1 is the program to start, $R2 its switches.
Function ${un}WantAdministrator
  UserInfo::GetAccountType
  Pop $0
  ${If} $0 != "Admin"
    ${IfNot} ${Silent}
      ExecShell "runas" "$R1" "$R2"
    ${EndIf}
    SetErrorLevel ${ELEVATION_REQUIRED}
    Quit
  ${EndIf}
FunctionEnd

; $R0 = 1 while the program runs: Windows then lets nobody write to its file.
Function ${un}LookIfRunning
  StrCpy $R0 0
  ${If} ${FileExists} "${PROGRAM}"
    ClearErrors
    FileOpen $0 "${PROGRAM}" a
    ${If} ${Errors}
      StrCpy $R0 1
    ${Else}
      FileClose $0
    ${EndIf}
  ${EndIf}
FunctionEnd

; Asks the program to stop as Ctrl-C would, through the Restart Manager, which also knows who it is that runs: no other
; program of that name is touched, and none is killed.
Function ${un}AskToStop
  System::Call 'rstrtmgr::RmStartSession(*i .r1, i 0, w .r2) i .r0'
  ${If} $0 = 0
    System::Call '*(&w1024 "${PROGRAM}") p .r3'
    System::Call '*(p r3) p .r4'
    System::Call 'rstrtmgr::RmRegisterResources(i r1, i 1, p r4, i 0, p 0, i 0, p 0) i .r0'
    System::Call 'rstrtmgr::RmShutdown(i r1, i 0, p 0) i .r0'
    System::Call 'rstrtmgr::RmEndSession(i r1)'
    System::Free $4
    System::Free $3
  ${EndIf}
FunctionEnd

; Returns when the program does not run; ends with exit code 3 when it goes on running.
Function ${un}StopRunning
  ${Do}
    Call ${un}LookIfRunning
    ${If} $R0 = 0
      Return
    ${EndIf}
    DetailPrint "Waiting for ${NAME} to stop"
    Call ${un}AskToStop
    StrCpy $R3 $Seconds
    ${DoWhile} $R3 > 0
      Call ${un}LookIfRunning
      ${If} $R0 = 0
        Return
      ${EndIf}
      Sleep 1000
      IntOp $R3 $R3 - 1
    ${Loop}
    MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "${NAME} is still running. Stop it with Ctrl-C in its window, then try again." \
      /SD IDCANCEL IDRETRY +3
    SetErrorLevel ${BUSY}
    Quit
  ${Loop}
FunctionEnd

Function ${un}TakeWait
  StrCpy $Seconds 40
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/WAIT=" $1
  ${IfNot} ${Errors}
    StrCpy $Seconds $1
  ${EndIf}
FunctionEnd

!macroend

!insertmacro Shared ""
!insertmacro Shared "un."
!insertmacro SharedPath ""
!insertmacro SharedPath "un."
!insertmacro AddAndTakeOff

; ------------------------------------------------------------------------------------------------------- the installer

Section "${TITLE}" PartProgram
  SectionIn RO
  Call StopRunning
  Call RemoveOlder
  !insertmacro InstallFiles
  WriteUninstaller "${UNINSTALLER}"
  WriteRegStr SHCTX "${ABOUT}" DisplayName "${TITLE}"
  WriteRegStr SHCTX "${ABOUT}" DisplayVersion "${VERSION}"
  WriteRegStr SHCTX "${ABOUT}" DisplayIcon "${PROGRAM}"
  WriteRegStr SHCTX "${ABOUT}" Publisher "${PUBLISHER}"
  WriteRegStr SHCTX "${ABOUT}" InstallLocation "$INSTDIR"
  WriteRegStr SHCTX "${ABOUT}" UninstallString '"${UNINSTALLER}"'
  WriteRegStr SHCTX "${ABOUT}" QuietUninstallString '"${UNINSTALLER}" /S'
  WriteRegDWORD SHCTX "${ABOUT}" EstimatedSize ${KIBIBYTES}
  WriteRegDWORD SHCTX "${ABOUT}" NoModify 1
  WriteRegDWORD SHCTX "${ABOUT}" NoRepair 1
  !ifdef HOMEPAGE
    WriteRegStr SHCTX "${ABOUT}" URLInfoAbout "${HOMEPAGE}"
  !endif
SectionEnd

; The second one speaks to a terminal, and cmd.exe opens one; /k leaves it open, so that a complaint can be read.
Section "Entries in the Start menu" PartStartMenu
  CreateShortCut "$SMPROGRAMS\${TITLE}.lnk" "${PROGRAM}" tray
  CreateShortCut "$SMPROGRAMS\${TITLE} (terminal).lnk" "$SYSDIR\cmd.exe" '/k ""${PROGRAM}" start"' "${PROGRAM}"
SectionEnd

Section /o "Link on the desktop" PartDesktop
  CreateShortCut "$DESKTOP\${TITLE}.lnk" "${PROGRAM}" tray
SectionEnd

; As the menu of the tray writes it (copilot_api/desktop/autostart/run_key.py), which therefore can take it back.
Section /o "Start at login" PartLogin
  WriteRegStr HKCU "${RUN}" "${NAME}" '"${PROGRAM}" tray --at-login'
  DeleteRegValue HKCU "${APPROVED}" "${NAME}"
SectionEnd

Section "Add to PATH" PartPath
  Call AddToPath
SectionEnd

LangString ProgramHelp ${LANG_ENGLISH} "The program itself."
LangString StartMenuHelp ${LANG_ENGLISH} "The icon beside the clock, and the server in a window of its own."
LangString DesktopHelp ${LANG_ENGLISH} "The icon beside the clock, from the desktop."
LangString LoginHelp ${LANG_ENGLISH} "Starts the icon beside the clock whenever you log in."
LangString PathHelp ${LANG_ENGLISH} "Lets every terminal find ${NAME}."
!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${PartProgram} $(ProgramHelp)
  !insertmacro MUI_DESCRIPTION_TEXT ${PartStartMenu} $(StartMenuHelp)
  !insertmacro MUI_DESCRIPTION_TEXT ${PartDesktop} $(DesktopHelp)
  !insertmacro MUI_DESCRIPTION_TEXT ${PartLogin} $(LoginHelp)
  !insertmacro MUI_DESCRIPTION_TEXT ${PartPath} $(PathHelp)
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Function .onInit
  SetRegView 64
  StrCpy $Given $INSTDIR ; /D= alone sets it, because there is no InstallDir above
  Call TakeWait
  ; Where it is installed for everyone and not for this person, that is what a second run renews.
  StrCpy $Everyone 0
  ReadRegStr $0 HKLM "${ABOUT}" InstallLocation
  ReadRegStr $1 HKCU "${ABOUT}" InstallLocation
  ${If} $0 != ""
  ${AndIf} $1 == ""
    StrCpy $Everyone 1
  ${EndIf}
  ${GetParameters} $2
  ClearErrors
  ${GetOptions} $2 "/CURRENTUSER" $3
  ${IfNot} ${Errors}
    StrCpy $Everyone 0
  ${EndIf}
  ClearErrors
  ${GetOptions} $2 "/ALLUSERS" $3
  ${IfNot} ${Errors}
    StrCpy $Everyone 1
  ${EndIf}
  ClearErrors
  ${GetOptions} $2 "/DESKTOP" $3
  ${IfNot} ${Errors}
    !insertmacro SelectSection ${PartDesktop}
  ${EndIf}
  ; What starts at login is an older one of ours: renewed, because it may lie elsewhere. What the person switched off stays so.
  Call LookIfAtLogin
  ClearErrors
  ${GetOptions} $2 "/AUTOSTART" $3
  ${IfNot} ${Errors}
  ${OrIf} $AtLogin = 1
    !insertmacro SelectSection ${PartLogin}
  ${EndIf}
  Call Settle
  ; Who took it off PATH once is not given it back by a newer version.
  ReadRegDWORD $0 SHCTX "${ABOUT}" WithoutPath
  ClearErrors
  ${GetOptions} $2 "/NOPATH" $3
  ${IfNot} ${Errors}
  ${OrIf} $0 = 1
    !insertmacro UnselectSection ${PartPath}
  ${EndIf}
  ${If} $Everyone = 1
  ${AndIf} ${Silent}
    Call DemandRights
  ${EndIf}
FunctionEnd

; $AtLogin = 1 while the tray starts at login. The first byte of what the Task Manager writes is odd where it does not.
Function LookIfAtLogin
  StrCpy $AtLogin 0
  ReadRegStr $0 HKCU "${RUN}" "${NAME}"
  ${If} $0 == ""
    Return
  ${EndIf}
  StrCpy $AtLogin 1
  StrCpy $3 16
  System::Alloc 16
  Pop $1
  StrCpy $4 -2147483647 ; HKEY_CURRENT_USER
  System::Call 'advapi32::RegGetValueW(p r4, w "${APPROVED}", w "${NAME}", i 8, p 0, p r1, *i r3 .r3) i .r0'
  ${If} $0 = 0
    System::Call '*$1(&i1 .r3)'
    IntOp $3 $3 & 1
    IntOp $AtLogin $AtLogin - $3
  ${EndIf}
  System::Free $1
FunctionEnd

; The folder for this scope: as given, else where it is already, else where such programs go.
Function Settle
  Call UseScope
  ReadRegStr $0 SHCTX "${ABOUT}" InstallLocation
  ${If} $Given != ""
    StrCpy $INSTDIR $Given
  ${ElseIf} $0 != ""
    StrCpy $INSTDIR $0
  ${ElseIf} $Everyone = 1
    StrCpy $INSTDIR "$PROGRAMFILES64\${NAME}"
  ${Else}
    StrCpy $INSTDIR "$LOCALAPPDATA\Programs\${NAME}"
  ${EndIf}
FunctionEnd

Function DemandRights
  StrCpy $R1 "$EXEPATH"
  StrCpy $R2 "/ALLUSERS"
  ${If} $Given != ""
    StrCpy $R2 "/ALLUSERS /D=$Given"
  ${EndIf}
  Call WantAdministrator
FunctionEnd

Function AskForWhom
  !insertmacro MUI_HEADER_TEXT "For whom" "Who shall be able to use ${NAME} on this machine?"
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateRadioButton} 0 0 100% 12u "&Only me (needs no administrator)"
  Pop $1
  ${NSD_CreateRadioButton} 0 16u 100% 12u "&Everyone on this machine"
  Pop $Radio
  ${If} $Everyone = 1
    ${NSD_Check} $Radio
  ${Else}
    ${NSD_Check} $1
  ${EndIf}
  nsDialogs::Show
FunctionEnd

Function TakeForWhom
  ${NSD_GetState} $Radio $0
  StrCpy $Everyone 0
  ${If} $0 = ${BST_CHECKED}
    StrCpy $Everyone 1
    Call DemandRights
  ${EndIf}
  Call Settle
FunctionEnd

; An older version takes its own files away, because it knows them. In the same folder it leaves links and PATH alone.
Function RemoveOlder
  StrCpy $Added 0
  ReadRegStr $R4 SHCTX "${ABOUT}" InstallLocation
  ${If} $R4 == ""
  ${OrIfNot} ${FileExists} "$R4\uninstall.exe"
    Return
  ${EndIf}
  StrCpy $0 "/S /WAIT=$Seconds"
  ${If} $R4 == $INSTDIR
    ReadRegDWORD $Added SHCTX "${ABOUT}" AddedPath
    StrCpy $0 "/S /UPGRADE /WAIT=$Seconds"
  ${EndIf}
  ; _?= keeps it from moving to a temporary folder, so that its end is the end. It must be last, and without quotes.
  ExecWait '"$R4\uninstall.exe" $0 _?=$R4' $1
  ${If} $1 <> 0
    SetErrorLevel $1
    Quit
  ${EndIf}
  Delete "$R4\uninstall.exe"
  RMDir "$R4"
FunctionEnd

Function StartTray
  Exec '"${PROGRAM}" tray'
FunctionEnd

Function .onInstSuccess
  WriteRegDWORD SHCTX "${ABOUT}" AddedPath $Added
  StrCpy $0 1
  ${If} ${SectionIsSelected} ${PartPath}
    StrCpy $0 0
  ${EndIf}
  WriteRegDWORD SHCTX "${ABOUT}" WithoutPath $0
  ${If} $AtLogin = 1
  ${AndIfNot} ${SectionIsSelected} ${PartLogin}
    DeleteRegValue HKCU "${RUN}" "${NAME}" ; the mark was taken off
  ${EndIf}
FunctionEnd

; ----------------------------------------------------------------------------------------------------- the uninstaller

Function un.onInit
  SetRegView 64
  Call un.TakeWait
  StrCpy $Everyone 0
  ReadRegStr $0 HKLM "${ABOUT}" InstallLocation
  ${If} $0 == $INSTDIR
    StrCpy $Everyone 1
    StrCpy $R1 "${UNINSTALLER}"
    StrCpy $R2 ""
    Call un.WantAdministrator
  ${EndIf}
  Call un.UseScope
FunctionEnd

; Takes away what was installed and nothing else: what lies beside it, and settings, sign-in and data, are the person's.
Section Uninstall
  Call un.StopRunning
  !insertmacro RemoveFiles
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/UPGRADE" $1
  ${IfNot} ${Errors}
    Return
  ${EndIf}
  Delete "$SMPROGRAMS\${TITLE}.lnk"
  Delete "$SMPROGRAMS\${TITLE} (terminal).lnk"
  Delete "$DESKTOP\${TITLE}.lnk"
  ReadRegDWORD $0 SHCTX "${ABOUT}" AddedPath
  ${If} $0 = 1
    Call un.TakeOffPath
  ${EndIf}
  ; Another copy's start at login is not ours to take back.
  ReadRegStr $0 HKCU "${RUN}" "${NAME}"
  ${If} $0 == '"${PROGRAM}" tray --at-login'
    DeleteRegValue HKCU "${RUN}" "${NAME}"
    DeleteRegValue HKCU "${APPROVED}" "${NAME}"
  ${EndIf}
  DeleteRegKey SHCTX "${ABOUT}"
  Delete "${UNINSTALLER}"
  RMDir "$INSTDIR"
SectionEnd
