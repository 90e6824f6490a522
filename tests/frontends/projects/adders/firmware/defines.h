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
typedef ap_fixed<20,5> hidden_accum_t;
typedef ap_fixed<12,5> hidden_t;
typedef ap_uint<1> layer3_index;
typedef ap_ufixed<10,3> hidden_relu_t;
typedef ap_fixed<18,8> hidden_relu_table_t;
typedef ap_fixed<20,5> out_accum_t;
typedef ap_fixed<20,5> result_t;
typedef ap_uint<1> layer6_index;

// hls-fpga-machine-learning insert emulator-defines


#endif
