#include <iostream>

#include "calo_net.h"
#include "parameters.h"


void calo_net(
    hls::stream<input_t> &image,
    hls::stream<result_t> &layer12_out
) {

    // hls-fpga-machine-learning insert IO
    #pragma HLS INTERFACE axis port=image,layer12_out
    #pragma HLS DATAFLOW

    // hls-fpga-machine-learning insert load weights
#ifndef __SYNTHESIS__
    static bool loaded_weights = false;
    if (!loaded_weights) {
        nnet::load_weights_from_txt<weight2_t, 36>(w2, "w2.txt");
        nnet::load_weights_from_txt<bias2_t, 4>(b2, "b2.txt");
        nnet::load_weights_from_txt<weight7_t, 360>(w7, "w7.txt");
        nnet::load_weights_from_txt<bias7_t, 10>(b7, "b7.txt");
        nnet::load_weights_from_txt<weight10_t, 40>(w10, "w10.txt");
        nnet::load_weights_from_txt<bias10_t, 4>(b10, "b10.txt");
        loaded_weights = true;    }
#endif
    // ****************************************
    // NETWORK INSTANTIATION
    // ****************************************

    // hls-fpga-machine-learning insert layers

    hls::stream<conv_result_t> layer2_out("layer2_out");
    #pragma HLS STREAM variable=layer2_out depth=36

    hls::stream<layer4_t> layer4_out("layer4_out");
    #pragma HLS STREAM variable=layer4_out depth=36

    hls::stream<layer5_t> layer5_out("layer5_out");
    #pragma HLS STREAM variable=layer5_out depth=9

    auto& layer6_out = layer5_out;
    hls::stream<hidden_result_t> layer7_out("layer7_out");
    #pragma HLS STREAM variable=layer7_out depth=1

    hls::stream<layer9_t> layer9_out("layer9_out");
    #pragma HLS STREAM variable=layer9_out depth=1

    hls::stream<layer10_t> layer10_out("layer10_out");
    #pragma HLS STREAM variable=layer10_out depth=1

    hls::stream<layer11_t> layer11_out("layer11_out");
    #pragma HLS STREAM variable=layer11_out depth=1

    nnet::conv_2d_cl<input_t, conv_result_t, config2>(image, layer2_out, w2, b2); // conv

    nnet::relu<conv_result_t, layer4_t, relu_config4>(layer2_out, layer4_out); // conv_relu

    nnet::pooling2d_cl<layer4_t, layer5_t, config5>(layer4_out, layer5_out); // pool

    nnet::dense<layer5_t, hidden_result_t, config7>(layer6_out, layer7_out, w7, b7); // hidden

    nnet::relu<hidden_result_t, layer9_t, relu_config9>(layer7_out, layer9_out); // hidden_relu

    nnet::dense<layer9_t, layer10_t, config10>(layer9_out, layer10_out, w10, b10); // scores

    nnet::linear<layer10_t, layer11_t, linear_config11>(layer10_out, layer11_out); // scores_linear

    nnet::softmax<layer11_t, result_t, softmax_config12>(layer11_out, layer12_out); // class

}

