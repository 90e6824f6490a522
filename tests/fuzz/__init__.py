"""Random networks compared with HLS C-simulation."""
