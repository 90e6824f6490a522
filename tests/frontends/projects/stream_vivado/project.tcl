variable backend
set backend "vivado"
