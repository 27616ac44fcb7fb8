/* Included before every C file that Nuitka writes or brings along (CPPFLAGS): mends what costs people time or signals. */
#include "one_process.h"
#include "quick_imports.h"
