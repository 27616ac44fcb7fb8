from pystray._base import Icon as Icon
