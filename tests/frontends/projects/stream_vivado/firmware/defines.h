#ifndef DEFINES_H_
#define DEFINES_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "nnet_utils/nnet_types.h"
#include <array>
#include <cstddef>
#include <cstdio>
#include <tuple>
#include <tuple>


// hls-fpga-machine-learning insert numbers

// hls-fpga-machine-learning insert layer-precision
typedef nnet::array<ap_ufixed<9,3>, 2*1> input_t;
typedef nnet::array<ap_ufixed<9,3>, 2*1> layer15_t;
typedef ap_fixed<12,4,AP_TRN,AP_SAT,0> conv0_accum_t;
typedef nnet::array<ap_fixed<10,4,AP_RND,AP_SAT,0>, 3*1> layer2_t;
typedef ap_fixed<7,2> conv0_weight_t;
typedef ap_fixed<16,6> conv0_bias_t;
typedef nnet::array<ap_fixed<16,6>, 3*1> layer3_t;
typedef ap_fixed<18,8> conv0_linear_table_t;
typedef nnet::array<ap_ufixed<8,3,AP_RND_CONV,AP_SAT,0>, 3*1> layer4_t;
typedef ap_fixed<18,8> relu0_table_t;
typedef nnet::array<ap_ufixed<8,3,AP_RND_CONV,AP_SAT,0>, 3*1> layer16_t;
typedef ap_fixed<12,4,AP_TRN,AP_SAT,0> conv1_accum_t;
typedef nnet::array<ap_fixed<10,4,AP_RND,AP_SAT,0>, 4*1> layer5_t;
typedef ap_fixed<7,2> conv1_weight_t;
typedef ap_fixed<16,6> conv1_bias_t;
typedef nnet::array<ap_fixed<16,6>, 4*1> layer6_t;
typedef ap_fixed<18,8> conv1_linear_table_t;
typedef nnet::array<ap_ufixed<8,3,AP_RND_CONV,AP_SAT,0>, 4*1> layer7_t;
typedef ap_fixed<18,8> relu1_table_t;
typedef ap_ufixed<8,3,AP_RND_CONV,AP_SAT,0> pool_accum_t;
typedef nnet::array<ap_ufixed<8,3,AP_RND_CONV,AP_SAT,0>, 4*1> layer8_t;
typedef ap_fixed<12,4,AP_TRN,AP_SAT,0> hidden_accum_t;
typedef nnet::array<ap_fixed<10,4,AP_RND,AP_SAT,0>, 6*1> layer10_t;
typedef ap_fixed<7,2> hidden_weight_t;
typedef ap_fixed<16,6> hidden_bias_t;
typedef ap_uint<1> layer10_index;
typedef nnet::array<ap_ufixed<8,3,AP_RND_CONV,AP_SAT,0>, 6*1> layer11_t;
typedef ap_fixed<18,8> hidden_relu_table_t;
typedef ap_fixed<12,4,AP_TRN,AP_SAT,0> scores_accum_t;
typedef nnet::array<ap_fixed<10,4,AP_RND,AP_SAT,0>, 3*1> layer12_t;
typedef ap_fixed<7,2> scores_weight_t;
typedef ap_fixed<16,6> scores_bias_t;
typedef ap_uint<1> layer12_index;
typedef nnet::array<ap_fixed<16,6>, 3*1> layer13_t;
typedef ap_fixed<18,8> scores_linear_table_t;
typedef ap_fixed<18,8,AP_RND,AP_SAT,0> class_accum_t;
typedef nnet::array<ap_fixed<16,6>, 3*1> result_t;
typedef ap_fixed<18,8> class_table_t;
typedef ap_fixed<18,8,AP_RND,AP_SAT,0> class_exp_table_t;
typedef ap_fixed<18,8,AP_RND,AP_SAT,0> class_inv_table_t;
typedef ap_fixed<18,8,AP_RND,AP_SAT,0> class_inv_inp_t;

// hls-fpga-machine-learning insert emulator-defines


#endif
