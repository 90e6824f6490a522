#include <iostream>

#include "tower_net.h"
#include "parameters.h"


void tower_net(
    hls::stream<input_t> &towers,
    hls::stream<result_t> &layer14_out
) {

    // hls-fpga-machine-learning insert IO
    #pragma HLS INTERFACE axis port=towers,layer14_out
    #pragma HLS DATAFLOW

    // hls-fpga-machine-learning insert load weights
#ifndef __SYNTHESIS__
    static bool loaded_weights = false;
    if (!loaded_weights) {
        nnet::load_weights_from_txt<conv0_weight_t, 54>(w2, "w2.txt");
        nnet::load_weights_from_txt<conv0_bias_t, 3>(b2, "b2.txt");
        nnet::load_weights_from_txt<conv1_weight_t, 108>(w5, "w5.txt");
        nnet::load_weights_from_txt<conv1_bias_t, 4>(b5, "b5.txt");
        nnet::load_weights_from_txt<hidden_weight_t, 216>(w10, "w10.txt");
        nnet::load_weights_from_txt<hidden_bias_t, 6>(b10, "b10.txt");
        nnet::load_weights_from_txt<scores_weight_t, 18>(w12, "w12.txt");
        nnet::load_weights_from_txt<scores_bias_t, 3>(b12, "b12.txt");
        loaded_weights = true;    }
#endif
    // ****************************************
    // NETWORK INSTANTIATION
    // ****************************************

    // hls-fpga-machine-learning insert layers

    hls::stream<layer15_t> layer15_out("layer15_out");
    #pragma HLS STREAM variable=layer15_out depth=88

    hls::stream<layer2_t> layer2_out("layer2_out");
    #pragma HLS STREAM variable=layer2_out depth=54

    hls::stream<layer3_t> layer3_out("layer3_out");
    #pragma HLS STREAM variable=layer3_out depth=54

    hls::stream<layer4_t> layer4_out("layer4_out");
    #pragma HLS STREAM variable=layer4_out depth=54

    hls::stream<layer16_t> layer16_out("layer16_out");
    #pragma HLS STREAM variable=layer16_out depth=88

    hls::stream<layer5_t> layer5_out("layer5_out");
    #pragma HLS STREAM variable=layer5_out depth=54

    hls::stream<layer6_t> layer6_out("layer6_out");
    #pragma HLS STREAM variable=layer6_out depth=54

    hls::stream<layer7_t> layer7_out("layer7_out");
    #pragma HLS STREAM variable=layer7_out depth=54

    hls::stream<layer8_t> layer8_out("layer8_out");
    #pragma HLS STREAM variable=layer8_out depth=9

    auto& layer9_out = layer8_out;
    hls::stream<layer10_t> layer10_out("layer10_out");
    #pragma HLS STREAM variable=layer10_out depth=1

    hls::stream<layer11_t> layer11_out("layer11_out");
    #pragma HLS STREAM variable=layer11_out depth=1

    hls::stream<layer12_t> layer12_out("layer12_out");
    #pragma HLS STREAM variable=layer12_out depth=1

    hls::stream<layer13_t> layer13_out("layer13_out");
    #pragma HLS STREAM variable=layer13_out depth=1

    nnet::zeropad2d_cl<input_t, layer15_t, config15>(towers, layer15_out); // zp2d_conv0

    nnet::conv_2d_cl<layer15_t, layer2_t, config2>(layer15_out, layer2_out, w2, b2); // conv0

    nnet::linear<layer2_t, layer3_t, linear_config3>(layer2_out, layer3_out); // conv0_linear

    nnet::relu<layer3_t, layer4_t, relu_config4>(layer3_out, layer4_out); // relu0

    nnet::zeropad2d_cl<layer4_t, layer16_t, config16>(layer4_out, layer16_out); // zp2d_conv1

    nnet::conv_2d_cl<layer16_t, layer5_t, config5>(layer16_out, layer5_out, w5, b5); // conv1

    nnet::linear<layer5_t, layer6_t, linear_config6>(layer5_out, layer6_out); // conv1_linear

    nnet::relu<layer6_t, layer7_t, relu_config7>(layer6_out, layer7_out); // relu1

    nnet::pooling2d_cl<layer7_t, layer8_t, config8>(layer7_out, layer8_out); // pool

    nnet::dense<layer8_t, layer10_t, config10>(layer9_out, layer10_out, w10, b10); // hidden

    nnet::relu<layer10_t, layer11_t, relu_config11>(layer10_out, layer11_out); // hidden_relu

    nnet::dense<layer11_t, layer12_t, config12>(layer11_out, layer12_out, w12, b12); // scores

    nnet::linear<layer12_t, layer13_t, linear_config13>(layer12_out, layer13_out); // scores_linear

    nnet::softmax<layer13_t, result_t, softmax_config14>(layer13_out, layer14_out); // class

}

