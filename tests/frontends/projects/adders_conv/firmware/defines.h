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
typedef ap_fixed<11,4> x_t;
typedef ap_fixed<10,4> conv_iq_t;
typedef ap_fixed<26,5> conv_accum_t;
typedef ap_fixed<12,5> conv_t;
typedef ap_ufixed<8,2,AP_RND,AP_WRAP,0> conv_relu_t;
typedef ap_fixed<18,8> conv_relu_table_t;
typedef ap_fixed<25,5> second_accum_t;
typedef ap_fixed<14,5> second_t;
typedef ap_ufixed<11,2> second_relu_t;
typedef ap_fixed<18,8> second_relu_table_t;
typedef ap_fixed<27,5> scores_accum_t;
typedef ap_fixed<27,5> result_t;
typedef ap_uint<1> layer10_index;

// hls-fpga-machine-learning insert emulator-defines


#endif
