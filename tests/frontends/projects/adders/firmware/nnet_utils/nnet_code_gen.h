#ifndef NNET_INSTR_GEN_H_
#define NNET_INSTR_GEN_H_

namespace nnet {

// hls4ml insert code
template <typename inp_t, typename out_t>
void dense_da_3(inp_t model_inp[4], out_t model_out[3]) { // ap_fixed<9,3> -> ap_fixed<28,6>
    #pragma HLS INLINE

    ap_fixed<9,3> v0 = model_inp[0]; // 0.0
    ap_fixed<9,3> v1 = model_inp[1]; // 0.0
    ap_fixed<9,3> v2 = model_inp[2]; // 0.0
    ap_fixed<9,3> v3 = model_inp[3]; // 0.0
    ap_fixed<12,6> v4 = v0 + bit_shift<2>(v0); // 1.0
    ap_fixed<16,10> v5 = v2 + bit_shift<6>(v2); // 1.0
    ap_fixed<14,8> v6 = v0 + bit_shift<4>(v2); // 1.0
    ap_fixed<10,4> v7 = v1 + v3; // 1.0
    ap_fixed<11,4> v8 = v3 + bit_shift<-1>(v1); // 1.0
    ap_fixed<17,11> v9 = v3 + bit_shift<7>(v2); // 1.0
    ap_fixed<12,4> v10 = v2 + bit_shift<-2>(v1); // 1.0
    ap_fixed<11,5> v11 = v0 - bit_shift<1>(v1); // 1.0
    ap_fixed<10,4> v12 = v2 + v0; // 1.0
    ap_fixed<15,4> v13 = v0 + bit_shift<-5>(v3); // 1.0
    ap_fixed<25,19> v14 = v4 + bit_shift<9>(v5); // 2.0
    ap_fixed<17,11> v15 = v6 - bit_shift<6>(v7); // 2.0
    ap_fixed<18,5> v16 = v7 + bit_shift<-6>(v8); // 2.0
    ap_fixed<18,12> v17 = v9 - bit_shift<7>(v0); // 2.0
    ap_fixed<14,8> v18 = v6 + bit_shift<2>(v10); // 2.0
    ap_fixed<11,5> v19 = v3 - v11; // 2.0
    ap_fixed<15,5> v20 = v12 - bit_shift<-4>(v1); // 2.0
    ap_fixed<15,4> v21 = v13 + bit_shift<-3>(v11); // 2.0
    ap_fixed<26,20> v22 = v14 - bit_shift<8>(v15); // 3.0
    ap_fixed<19,12> v23 = v17 - bit_shift<-1>(v18); // 3.0
    ap_fixed<17,11> v24 = v15 + bit_shift<3>(v19); // 3.0
    ap_fixed<20,5> v25 = v20 - bit_shift<-4>(v21); // 3.0
    ap_fixed<27,21> v26 = v22 - bit_shift<16>(v16); // 4.0
    ap_fixed<20,13> v27 = v23 - bit_shift<1>(v24); // 4.0
    ap_fixed<20,5> v28 = v25 - bit_shift<-2>(v19); // 4.0

    model_out[0] = ap_fixed<27,5>(bit_shift<-16>(v26));
    model_out[1] = ap_fixed<20,6>(bit_shift<-7>(v27));
    model_out[2] = ap_fixed<20,4>(bit_shift<-1>(v28));
}
template <typename inp_t, typename out_t>
void dense_da_6(inp_t model_inp[3], out_t model_out[2]) { // ap_ufixed<9,3> -> ap_fixed<20,5>
    #pragma HLS INLINE
  ap_ufixed<8, 3, AP_RND, AP_WRAP> model_inp_q_0 = model_inp[0];
    ap_ufixed<8, 3, AP_RND, AP_WRAP> model_inp_q_1 = model_inp[1];
    ap_ufixed<8, 2, AP_RND, AP_WRAP> model_inp_q_2 = model_inp[2];

    ap_ufixed<8,3> v0 = model_inp_q_0; // 0.0
    ap_ufixed<8,3> v1 = model_inp_q_1; // 0.0
    ap_ufixed<8,2> v2 = model_inp_q_2; // 0.0
    ap_ufixed<11,6> v3 = v1 + bit_shift<3>(v2); // 1.0
    ap_fixed<12,7> v4 = v1 - bit_shift<4>(v2); // 1.0
    ap_ufixed<16,11> v5 = v0 + bit_shift<7>(v1); // 1.0
    ap_fixed<11,4> v6 = v0 - bit_shift<-2>(v0); // 1.0
    ap_fixed<14,9> v7 = v3 + bit_shift<2>(v4); // 2.0
    ap_ufixed<17,11> v8 = v2 + v5; // 2.0
    ap_fixed<13,5> v9 = v0 - bit_shift<-3>(v4); // 2.0
    ap_fixed<13,7> v10 = v4 + v2; // 2.0
    ap_fixed<19,11> v11 = v7 - bit_shift<-2>(v8); // 3.0
    ap_fixed<19,5> v12 = v6 + bit_shift<-6>(v9); // 3.0
    ap_fixed<18,12> v13 = v8 - bit_shift<3>(v9); // 3.0
    ap_fixed<17,6> v14 = v9 + bit_shift<-5>(v10); // 3.0
    ap_fixed<19,11> v15 = v11 + bit_shift<6>(v12); // 4.0
    ap_fixed<19,13> v16 = v13 - bit_shift<7>(v14); // 4.0

    model_out[0] = ap_fixed<19,4>(bit_shift<-7>(v15));
    model_out[1] = ap_fixed<19,5>(bit_shift<-8>(v16));
}

} // namespace nnet

#endif
