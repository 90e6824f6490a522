#include <iostream>

#include "adder_stream.h"
#include "parameters.h"


void adder_stream(
    hls::stream<x_t> &x,
    hls::stream<result_t> &layer10_out
) {

    // hls-fpga-machine-learning insert IO
    #pragma HLS INTERFACE axis port=x,layer10_out
    #pragma HLS DATAFLOW

    // hls-fpga-machine-learning insert load weights
#ifndef __SYNTHESIS__
    static bool loaded_weights = false;
    if (!loaded_weights) {
        nnet::load_weights_from_txt<conv_weight_t, 54>(w3, "w3.txt");
        nnet::load_weights_from_txt<conv_bias_t, 3>(b3, "b3.txt");
        nnet::load_weights_from_txt<second_weight_t, 48>(w6, "w6.txt");
        nnet::load_weights_from_txt<second_bias_t, 4>(b6, "b6.txt");
        loaded_weights = true;    }
#endif
    // ****************************************
    // NETWORK INSTANTIATION
    // ****************************************

    // hls-fpga-machine-learning insert layers

    hls::stream<conv_t> layer3_out("layer3_out");
    #pragma HLS STREAM variable=layer3_out depth=16

    hls::stream<conv_relu_t> layer4_out("layer4_out");
    #pragma HLS STREAM variable=layer4_out depth=16

    hls::stream<second_t> layer6_out("layer6_out");
    #pragma HLS STREAM variable=layer6_out depth=4

    hls::stream<second_relu_t> layer7_out("layer7_out");
    #pragma HLS STREAM variable=layer7_out depth=4

    auto& layer8_out = layer7_out;
    nnet::conv_2d_cl<x_t, conv_t, config3>(x, layer3_out, w3, b3); // conv

    nnet::relu<conv_t, conv_relu_t, relu_config4>(layer3_out, layer4_out); // conv_relu

    nnet::conv_2d_cl<conv_relu_t, second_t, config6>(layer4_out, layer6_out, w6, b6); // second

    nnet::relu<second_t, second_relu_t, relu_config7>(layer6_out, layer7_out); // second_relu

    nnet::dense<second_relu_t, result_t, config10>(layer8_out, layer10_out); // scores

}

