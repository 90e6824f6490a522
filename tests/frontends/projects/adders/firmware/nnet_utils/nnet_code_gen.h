#ifndef NNET_INSTR_GEN_H_
#define NNET_INSTR_GEN_H_

#include "nnet_conv1d_latency.h"
#include "nnet_helpers.h"

#include "hls_stream.h"
#include "nnet_common.h"
#include "nnet_function_stubs.h"
#include "nnet_mult.h"

namespace nnet {

template <class data_T, class res_T, typename CONFIG_T> class PointwiseConv1D {
  public:
    static void pointwise_conv(data_T data[CONFIG_T::in_width * CONFIG_T::n_chan],
                               res_T res[CONFIG_T::out_width * CONFIG_T::n_filt],
                               typename CONFIG_T::weight_t weights[CONFIG_T::n_chan * CONFIG_T::n_filt],
                               typename CONFIG_T::bias_t biases[CONFIG_T::n_filt]) {
        // To be implemented in subclasses
    }
};

// hls4ml insert code
template <typename inp_t, typename out_t>
void dense_da_3(inp_t model_inp[4], out_t model_out[3]) { // ap_fixed<10,4> -> ap_fixed<22,7>
    #pragma HLS INLINE
  ap_fixed<9, 3, AP_RND, AP_WRAP> model_inp_q_0 = model_inp[0];
    ap_fixed<9, 4, AP_RND, AP_WRAP> model_inp_q_1 = model_inp[1];
    ap_fixed<9, 3, AP_RND, AP_WRAP> model_inp_q_2 = model_inp[2];
    ap_fixed<9, 3, AP_RND, AP_WRAP> model_inp_q_3 = model_inp[3];

    ap_fixed<9,3> v0 = model_inp_q_0; // 0.0
    ap_fixed<9,4> v1 = model_inp_q_1; // 0.0
    ap_fixed<9,3> v2 = model_inp_q_2; // 0.0
    ap_fixed<9,3> v3 = model_inp_q_3; // 0.0
    ap_fixed<12,5> v4 = v1 + bit_shift<-2>(v1); // 1.0
    ap_fixed<11,4> v5 = v2 - bit_shift<-1>(v3); // 1.0
    ap_fixed<15,9> v6 = v0 + bit_shift<4>(v1); // 1.0
    ap_fixed<11,5> v7 = v2 + bit_shift<1>(v0); // 1.0
    ap_fixed<10,4> v8 = v2 + v3; // 1.0
    ap_fixed<13,4> v9 = v3 - bit_shift<-3>(v3); // 1.0
    ap_fixed<13,5> v10 = v1 + bit_shift<-3>(v1); // 1.0
    ap_fixed<10,4> v11 = v2 + v0; // 1.0
    ap_fixed<13,6> v12 = v4 + bit_shift<1>(v5); // 2.0
    ap_fixed<16,10> v13 = v6 + bit_shift<4>(v7); // 2.0
    ap_fixed<16,10> v14 = v6 + bit_shift<4>(v8); // 2.0
    ap_fixed<16,4> v15 = v0 + bit_shift<-6>(v8); // 2.0
    ap_fixed<16,7> v16 = v9 - bit_shift<2>(v10); // 2.0
    ap_fixed<14,7> v17 = v4 - bit_shift<3>(v3); // 2.0
    ap_fixed<15,6> v18 = v12 - bit_shift<-2>(v5); // 3.0
    ap_fixed<18,12> v19 = v13 + bit_shift<2>(v14); // 3.0
    ap_fixed<16,10> v20 = v6 - bit_shift<6>(v15); // 3.0
    ap_fixed<17,8> v21 = v16 - bit_shift<2>(v8); // 3.0
    ap_fixed<15,8> v22 = v17 - bit_shift<2>(v11); // 3.0
    ap_fixed<20,11> v23 = v18 + bit_shift<-1>(v19); // 4.0
    ap_fixed<21,15> v24 = v20 + bit_shift<7>(v21); // 4.0
    ap_fixed<17,5> v25 = v15 + bit_shift<-4>(v22); // 4.0
    ap_fixed<21,12> v26 = v23 + bit_shift<-3>(v24); // 5.0
    ap_fixed<19,11> v27 = v20 + bit_shift<4>(v25); // 5.0
    ap_fixed<21,12> v28 = v23 + v27; // 6.0

    model_out[0] = ap_fixed<21,7>(bit_shift<-5>(v26));
    model_out[1] = ap_fixed<20,5>(bit_shift<-6>(v23));
    model_out[2] = ap_fixed<21,6>(bit_shift<-6>(v28));
}
template <typename inp_t, typename out_t>
void dense_da_6(inp_t model_inp[3], out_t model_out[2]) { // ap_ufixed<9,3> -> ap_fixed<20,5>
    #pragma HLS INLINE
  ap_ufixed<8, 3, AP_RND, AP_WRAP> model_inp_q_0 = model_inp[0];
    ap_ufixed<8, 2, AP_RND, AP_WRAP> model_inp_q_1 = model_inp[1];
    ap_ufixed<8, 3, AP_RND, AP_WRAP> model_inp_q_2 = model_inp[2];

    ap_ufixed<8,3> v0 = model_inp_q_0; // 0.0
    ap_ufixed<8,2> v1 = model_inp_q_1; // 0.0
    ap_ufixed<8,3> v2 = model_inp_q_2; // 0.0
    ap_ufixed<10,5> v3 = v0 + bit_shift<1>(v2); // 1.0
    ap_ufixed<11,6> v4 = v0 + bit_shift<3>(v1); // 1.0
    ap_fixed<11,3> v5 = v1 - bit_shift<-2>(v1); // 1.0
    ap_ufixed<15,4> v6 = v2 + bit_shift<-5>(v1); // 1.0
    ap_fixed<9,4> v7 = v0 - v2; // 1.0
    ap_ufixed<13,8> v8 = v3 + bit_shift<2>(v4); // 2.0
    ap_fixed<16,11> v9 = v3 + bit_shift<7>(v5); // 2.0
    ap_fixed<11,6> v10 = v3 - bit_shift<2>(v1); // 2.0
    ap_fixed<12,4> v11 = v5 + bit_shift<-2>(v7); // 2.0
    ap_fixed<16,6> v12 = v3 + bit_shift<-5>(v7); // 2.0
    ap_fixed<18,13> v13 = v9 - bit_shift<8>(v6); // 3.0
    ap_fixed<17,6> v14 = v10 - bit_shift<-3>(v11); // 3.0
    ap_fixed<19,9> v15 = v8 + bit_shift<-5>(v13); // 4.0
    ap_fixed<19,8> v16 = v14 - bit_shift<2>(v12); // 4.0

    model_out[0] = ap_fixed<19,4>(bit_shift<-5>(v15));
    model_out[1] = ap_fixed<19,5>(bit_shift<-3>(v16));
}

} // namespace nnet

#endif
