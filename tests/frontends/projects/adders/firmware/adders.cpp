#include <iostream>

#include "adders.h"
#include "parameters.h"


void adders(
    x_t x[4],
    result_t layer6_out[2]
) {

    // hls-fpga-machine-learning insert IO
    #pragma HLS ARRAY_RESHAPE variable=x complete dim=0
    #pragma HLS ARRAY_PARTITION variable=layer6_out complete dim=0
    #pragma HLS INTERFACE ap_vld port=x,layer6_out
    #pragma HLS PIPELINE

    // hls-fpga-machine-learning insert load weights
#ifndef __SYNTHESIS__
    static bool loaded_weights = false;
    if (!loaded_weights) {
        loaded_weights = true;    }
#endif
    // ****************************************
    // NETWORK INSTANTIATION
    // ****************************************

    // hls-fpga-machine-learning insert layers

    hidden_t layer3_out[3];
    #pragma HLS ARRAY_PARTITION variable=layer3_out complete dim=0

    hidden_relu_t layer4_out[3];
    #pragma HLS ARRAY_PARTITION variable=layer4_out complete dim=0

    nnet::dense_da_3<x_t, hidden_t>(x, layer3_out); // hidden

    nnet::relu<hidden_t, hidden_relu_t, relu_config4>(layer3_out, layer4_out); // hidden_relu

    nnet::dense_da_6<hidden_relu_t, result_t>(layer4_out, layer6_out); // out

}

