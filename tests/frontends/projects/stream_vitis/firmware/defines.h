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
typedef nnet::array<ap_fixed<8,3,AP_RND,AP_SAT,0>, 1*1> input_t;
typedef ap_fixed<19,9> conv_accum_t;
typedef nnet::array<ap_fixed<19,9>, 4*1> conv_result_t;
typedef ap_fixed<6,1> weight2_t;
typedef ap_fixed<6,1> bias2_t;
typedef nnet::array<ap_ufixed<8,3,AP_RND_CONV,AP_SAT,0>, 4*1> layer4_t;
typedef ap_fixed<18,8> conv_relu_table_t;
typedef ap_ufixed<8,3,AP_RND_CONV,AP_SAT,0> pool_accum_t;
typedef nnet::array<ap_ufixed<8,3,AP_RND_CONV,AP_SAT,0>, 4*1> layer5_t;
typedef ap_fixed<21,11> hidden_accum_t;
typedef nnet::array<ap_fixed<21,11>, 10*1> hidden_result_t;
typedef ap_fixed<6,1> weight7_t;
typedef ap_fixed<6,1> bias7_t;
typedef ap_uint<1> layer7_index;
typedef nnet::array<ap_ufixed<9,4,AP_RND_CONV,AP_SAT,0>, 10*1> layer9_t;
typedef ap_fixed<18,8> hidden_relu_table_t;
typedef ap_fixed<20,10> scores_accum_t;
typedef nnet::array<ap_fixed<12,4>, 4*1> layer10_t;
typedef ap_fixed<6,1> weight10_t;
typedef ap_fixed<6,1> bias10_t;
typedef ap_uint<1> layer10_index;
typedef nnet::array<ap_fixed<16,6>, 4*1> layer11_t;
typedef ap_fixed<18,8> scores_linear_table_t;
typedef ap_fixed<18,8,AP_RND,AP_SAT,0> class_accum_t;
typedef nnet::array<ap_ufixed<12,0,AP_RND,AP_SAT,0>, 4*1> result_t;
typedef ap_fixed<18,8> class_table_t;
typedef ap_fixed<18,8,AP_RND,AP_SAT,0> class_exp_table_t;
typedef ap_fixed<18,8,AP_RND,AP_SAT,0> class_inv_table_t;
typedef ap_fixed<18,8,AP_RND,AP_SAT,0> class_inv_inp_t;

// hls-fpga-machine-learning insert emulator-defines


#endif
