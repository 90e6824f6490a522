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
typedef ap_fixed<10,4> input_t;
typedef ap_fixed<16,6> hidden_accum_t;
typedef ap_fixed<12,5,AP_RND,AP_SAT,0> layer2_t;
typedef ap_fixed<8,3> hidden_weight_t;
typedef ap_fixed<8,3> hidden_bias_t;
typedef ap_uint<1> layer2_index;
typedef ap_ufixed<10,4,AP_RND,AP_SAT,0> layer3_t;
typedef ap_fixed<18,8> act_table_t;
typedef ap_fixed<18,7> last_accum_t;
typedef ap_fixed<14,6> layer4_t;
typedef ap_fixed<8,3> last_weight_t;
typedef ap_fixed<8,3> last_bias_t;
typedef ap_uint<1> layer4_index;
typedef ap_ufixed<9,1,AP_RND,AP_SAT,0> result_t;
typedef ap_fixed<18,8> score_table_t;

// hls-fpga-machine-learning insert emulator-defines


#endif
