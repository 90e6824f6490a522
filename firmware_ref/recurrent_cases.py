"""Golden cases of recurrent layers, embedding, layer normalisation and GarNet."""

from __future__ import annotations

from firmware_ref import recurrent_models as models
from firmware_ref.case_table import case

case("LSTM of relu, sigmoid and tanh, streamed", events=300)(models.lstm_stream)
case("GRU with every kind of output, Resource strategies", events=300)(models.gru_branches)
case("bidirectional layers and a layer distributed over time", events=300)(models.bidirectional_rows)
case("embedding and layer normalisation", events=300)(models.embedding_normalization)
case("GarNet with a varying number of vertices", events=300)(models.garnet)
