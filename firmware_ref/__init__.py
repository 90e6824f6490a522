"""The reference: golden vectors made by HLS C-simulation, and the programs that make them."""
