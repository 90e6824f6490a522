#include <iostream>

#include "adder_image.h"
#include "parameters.h"


void adder_image(
    x_t x[6*6*2],
    result_t layer10_out[4]
) {

    // hls-fpga-machine-learning insert IO
    #pragma HLS ARRAY_RESHAPE variable=x complete dim=0
    #pragma HLS ARRAY_PARTITION variable=layer10_out complete dim=0
    #pragma HLS INTERFACE ap_vld port=x,layer10_out
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

    conv_iq_t layer2_out[6*6*2];
    #pragma HLS ARRAY_PARTITION variable=layer2_out complete dim=0

    conv_t layer3_out[4*4*3];
    #pragma HLS ARRAY_PARTITION variable=layer3_out complete dim=0

    conv_relu_t layer4_out[4*4*3];
    #pragma HLS ARRAY_PARTITION variable=layer4_out complete dim=0

    second_t layer6_out[2*2*4];
    #pragma HLS ARRAY_PARTITION variable=layer6_out complete dim=0

    second_relu_t layer7_out[2*2*4];
    #pragma HLS ARRAY_PARTITION variable=layer7_out complete dim=0

    auto& layer8_out = layer7_out;
    nnet::conv_iq<x_t, conv_iq_t>(x, layer2_out); // conv_iq

    nnet::conv2d_cl<config3, conv_iq_t, conv_t>(layer2_out, layer3_out); // conv

    nnet::relu<conv_t, conv_relu_t, relu_config4>(layer3_out, layer4_out); // conv_relu

    nnet::conv2d_cl<config6, conv_relu_t, second_t>(layer4_out, layer6_out); // second

    nnet::relu<second_t, second_relu_t, relu_config7>(layer6_out, layer7_out); // second_relu

    nnet::dense_da_10<second_relu_t, result_t>(layer8_out, layer10_out); // scores

}

