# The part of pystray 0.19.5 that is used, from its documentation and source: https://pystray.readthedocs.io/
from pystray._base import Icon as Icon
from pystray._base import Menu as Menu
from pystray._base import MenuItem as MenuItem
