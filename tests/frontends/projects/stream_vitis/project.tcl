variable backend
set backend "vitis"
