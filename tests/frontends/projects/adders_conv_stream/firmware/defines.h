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
typedef nnet::array<ap_fixed<9,4,AP_RND,AP_WRAP,0>, 2*1> x_t;
typedef ap_fixed<26,6> conv_accum_t;
typedef nnet::array<ap_fixed<13,6>, 3*1> conv_t;
typedef ap_fixed<15,0> conv_weight_t;
typedef ap_ufixed<2,32> conv_bias_t;
typedef nnet::array<ap_ufixed<8,2,AP_RND,AP_WRAP,0>, 3*1> conv_relu_t;
typedef ap_fixed<18,8> conv_relu_table_t;
typedef ap_fixed<25,5> second_accum_t;
typedef nnet::array<ap_fixed<12,5>, 4*1> second_t;
typedef ap_fixed<14,0> second_weight_t;
typedef ap_ufixed<2,32> second_bias_t;
typedef nnet::array<ap_ufixed<8,2,AP_RND,AP_WRAP,0>, 4*1> second_relu_t;
typedef ap_fixed<18,8> second_relu_table_t;
typedef ap_fixed<26,5> scores_accum_t;
typedef nnet::array<ap_fixed<26,5>, 4*1> result_t;
typedef ap_uint<1> layer10_index;

// hls-fpga-machine-learning insert emulator-defines


#endif
