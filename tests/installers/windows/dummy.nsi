; A program for Windows that stands in for ours: it tells how it was started, and runs for as many
; milliseconds as its one argument says.
Target amd64-unicode
SilentInstall silent
RequestExecutionLevel user
OutFile "${OUT}"
!include FileFunc.nsh
Section
  ${GetParameters} $0
  FileOpen $1 "$TEMP\copilot-api-runs.txt" w
  FileWriteUTF16LE $1 "$EXEPATH $0"
  FileClose $1
  Sleep $0
SectionEnd
