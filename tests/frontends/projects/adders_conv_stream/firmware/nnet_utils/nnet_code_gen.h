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
void dense_da_3(inp_t model_inp[18], out_t model_out[3]) { // ap_fixed<9,4> -> ap_fixed<27,7>
    #pragma HLS INLINE

    ap_fixed<9,4> v0 = model_inp[0]; // 0.0
    ap_fixed<9,4> v1 = model_inp[1]; // 0.0
    ap_fixed<9,4> v2 = model_inp[2]; // 0.0
    ap_fixed<9,4> v3 = model_inp[3]; // 0.0
    ap_fixed<9,4> v4 = model_inp[4]; // 0.0
    ap_fixed<9,4> v5 = model_inp[5]; // 0.0
    ap_fixed<9,4> v6 = model_inp[6]; // 0.0
    ap_fixed<9,4> v7 = model_inp[7]; // 0.0
    ap_fixed<9,4> v8 = model_inp[8]; // 0.0
    ap_fixed<9,4> v9 = model_inp[9]; // 0.0
    ap_fixed<9,4> v10 = model_inp[10]; // 0.0
    ap_fixed<9,4> v11 = model_inp[11]; // 0.0
    ap_fixed<9,4> v12 = model_inp[12]; // 0.0
    ap_fixed<9,4> v13 = model_inp[13]; // 0.0
    ap_fixed<9,4> v14 = model_inp[14]; // 0.0
    ap_fixed<9,4> v15 = model_inp[15]; // 0.0
    ap_fixed<9,4> v16 = model_inp[16]; // 0.0
    ap_fixed<9,4> v17 = model_inp[17]; // 0.0
    ap_fixed<12,7> v18 = v7 + bit_shift<2>(v9); // 1.0
    ap_fixed<11,5> v19 = v4 - bit_shift<-1>(v12); // 1.0
    ap_fixed<12,5> v20 = v3 + bit_shift<-2>(v5); // 1.0
    ap_fixed<12,7> v21 = v2 + bit_shift<2>(v11); // 1.0
    ap_fixed<10,5> v22 = v2 + v14; // 1.0
    ap_fixed<11,6> v23 = v1 + bit_shift<1>(v5); // 1.0
    ap_fixed<10,5> v24 = v9 + v13; // 1.0
    ap_fixed<13,8> v25 = v8 + bit_shift<3>(v10); // 1.0
    ap_fixed<10,5> v26 = v0 - v15; // 1.0
    ap_fixed<10,5> v27 = v11 - v17; // 1.0
    ap_fixed<10,5> v28 = v10 + v9; // 1.0
    ap_fixed<14,9> v29 = v3 - bit_shift<4>(v10); // 1.0
    ap_fixed<11,5> v30 = v13 + bit_shift<-1>(v17); // 1.0
    ap_fixed<10,5> v31 = v1 - v16; // 1.0
    ap_fixed<16,5> v32 = v1 - bit_shift<-6>(v6); // 1.0
    ap_fixed<11,5> v33 = v16 + bit_shift<-1>(v0); // 1.0
    ap_fixed<15,10> v34 = v0 - bit_shift<5>(v13); // 1.0
    ap_fixed<15,5> v35 = v11 - bit_shift<-5>(v16); // 1.0
    ap_fixed<15,10> v36 = v2 + bit_shift<5>(v6); // 1.0
    ap_fixed<12,5> v37 = v2 + bit_shift<-2>(v5); // 1.0
    ap_fixed<14,5> v38 = v0 + bit_shift<-4>(v17); // 1.0
    ap_fixed<12,5> v39 = v12 - bit_shift<-2>(v12); // 1.0
    ap_fixed<14,9> v40 = v13 + bit_shift<4>(v8); // 1.0
    ap_fixed<11,5> v41 = v15 + bit_shift<-1>(v4); // 1.0
    ap_fixed<13,5> v42 = v14 + bit_shift<-3>(v1); // 1.0
    ap_fixed<12,5> v43 = v6 - bit_shift<-2>(v17); // 1.0
    ap_fixed<12,5> v44 = v12 + bit_shift<-2>(v6); // 1.0
    ap_fixed<13,5> v45 = v7 + bit_shift<-3>(v16); // 1.0
    ap_fixed<18,13> v46 = v5 + bit_shift<8>(v5); // 1.0
    ap_fixed<16,5> v47 = v6 + bit_shift<-6>(v8); // 1.0
    ap_fixed<14,9> v48 = v10 + bit_shift<2>(v18); // 2.0
    ap_fixed<14,9> v49 = v4 + bit_shift<4>(v19); // 2.0
    ap_fixed<13,6> v50 = v20 + bit_shift<-2>(v21); // 2.0
    ap_fixed<17,5> v51 = v14 - bit_shift<-7>(v23); // 2.0
    ap_fixed<17,6> v52 = v24 + bit_shift<-6>(v25); // 2.0
    ap_fixed<14,6> v53 = v26 - bit_shift<-3>(v26); // 2.0
    ap_fixed<16,6> v54 = v27 - bit_shift<-5>(v28); // 2.0
    ap_fixed<14,9> v55 = v29 + bit_shift<1>(v30); // 2.0
    ap_fixed<11,6> v56 = v6 - v31; // 2.0
    ap_fixed<17,11> v57 = v19 + bit_shift<6>(v32); // 2.0
    ap_fixed<13,6> v58 = v7 + v20; // 2.0
    ap_fixed<15,6> v59 = v33 + bit_shift<-4>(v34); // 2.0
    ap_fixed<17,5> v60 = v15 - bit_shift<-7>(v36); // 2.0
    ap_fixed<17,5> v61 = v37 + bit_shift<-3>(v38); // 2.0
    ap_fixed<12,5> v62 = v4 - bit_shift<-2>(v22); // 2.0
    ap_fixed<15,8> v63 = v39 + bit_shift<2>(v24); // 2.0
    ap_fixed<16,11> v64 = v40 + bit_shift<1>(v34); // 2.0
    ap_fixed<15,10> v65 = v29 + bit_shift<2>(v18); // 2.0
    ap_fixed<21,5> v66 = v41 - bit_shift<-8>(v42); // 2.0
    ap_fixed<12,7> v67 = v14 + bit_shift<1>(v31); // 2.0
    ap_fixed<16,6> v68 = v35 + v43; // 2.0
    ap_fixed<16,11> v69 = v24 - bit_shift<6>(v0); // 2.0
    ap_fixed<14,6> v70 = v44 + bit_shift<-3>(v25); // 2.0
    ap_fixed<14,7> v71 = v26 + bit_shift<1>(v45); // 2.0
    ap_fixed<15,9> v72 = v7 + bit_shift<-1>(v36); // 2.0
    ap_fixed<19,7> v73 = v27 + bit_shift<-7>(v46); // 2.0
    ap_fixed<24,5> v74 = v38 - bit_shift<-8>(v47); // 2.0
    ap_fixed<12,5> v75 = v43 + bit_shift<-1>(v19); // 2.0
    ap_fixed<13,5> v76 = v20 + bit_shift<-3>(v27); // 2.0
    ap_fixed<16,11> v77 = v48 + bit_shift<1>(v49); // 3.0
    ap_fixed<18,11> v78 = v50 - bit_shift<5>(v22); // 3.0
    ap_fixed<18,10> v79 = v49 + bit_shift<4>(v51); // 3.0
    ap_fixed<17,12> v80 = v3 - bit_shift<6>(v52); // 3.0
    ap_fixed<16,8> v81 = v53 + bit_shift<2>(v54); // 3.0
    ap_fixed<14,9> v82 = v55 + v56; // 3.0
    ap_fixed<19,13> v83 = v57 + bit_shift<7>(v58); // 3.0
    ap_fixed<21,6> v84 = v56 - bit_shift<-6>(v59); // 3.0
    ap_fixed<18,8> v85 = v35 - bit_shift<3>(v60); // 3.0
    ap_fixed<20,6> v86 = v58 + bit_shift<-2>(v61); // 3.0
    ap_fixed<17,5> v87 = v51 + bit_shift<-2>(v62); // 3.0
    ap_fixed<16,9> v88 = v63 + bit_shift<-2>(v64); // 3.0
    ap_fixed<22,11> v89 = v65 + bit_shift<5>(v66); // 3.0
    ap_fixed<12,6> v90 = v12 + bit_shift<-1>(v67); // 3.0
    ap_fixed<17,6> v91 = v68 + bit_shift<-6>(v69); // 3.0
    ap_fixed<17,7> v92 = v70 + bit_shift<2>(v60); // 3.0
    ap_fixed<16,9> v93 = v58 + v48; // 3.0
    ap_fixed<13,8> v94 = v11 + bit_shift<1>(v67); // 3.0
    ap_fixed<15,9> v95 = v72 + bit_shift<-1>(v49); // 3.0
    ap_fixed<19,7> v96 = v62 + v73; // 3.0
    ap_fixed<24,5> v97 = v74 - bit_shift<-6>(v75); // 3.0
    ap_fixed<15,9> v98 = v72 + bit_shift<2>(v76); // 3.0
    ap_fixed<18,7> v99 = v53 + v52; // 3.0
    ap_fixed<19,11> v100 = v77 + bit_shift<-1>(v78); // 4.0
    ap_fixed<18,13> v101 = v24 - bit_shift<1>(v80); // 4.0
    ap_fixed<17,9> v102 = v81 - bit_shift<-2>(v82); // 4.0
    ap_fixed<22,15> v103 = v83 + bit_shift<8>(v84); // 4.0
    ap_fixed<18,11> v104 = v27 + bit_shift<3>(v85); // 4.0
    ap_fixed<20,6> v105 = v86 + bit_shift<-1>(v87); // 4.0
    ap_fixed<22,14> v106 = v88 + bit_shift<3>(v89); // 4.0
    ap_fixed<20,6> v107 = v91 - bit_shift<-4>(v92); // 4.0
    ap_fixed<21,14> v108 = v93 - bit_shift<8>(v68); // 4.0
    ap_fixed<18,13> v109 = v94 - bit_shift<6>(v71); // 4.0
    ap_fixed<19,13> v110 = v95 + bit_shift<6>(v96); // 4.0
    ap_fixed<24,5> v111 = v97 - bit_shift<-10>(v94); // 4.0
    ap_fixed<17,7> v112 = v90 + bit_shift<-4>(v98); // 4.0
    ap_fixed<19,12> v113 = v80 + bit_shift<4>(v99); // 4.0
    ap_fixed<21,13> v114 = v100 - bit_shift<3>(v79); // 5.0
    ap_fixed<23,10> v115 = v102 + bit_shift<-6>(v103); // 5.0
    ap_fixed<19,6> v116 = v8 + bit_shift<-6>(v104); // 5.0
    ap_fixed<22,14> v117 = v106 - bit_shift<5>(v90); // 5.0
    ap_fixed<22,8> v118 = v107 + bit_shift<-6>(v108); // 5.0
    ap_fixed<19,14> v119 = v101 + v109; // 5.0
    ap_fixed<25,14> v120 = v110 + bit_shift<8>(v111); // 5.0
    ap_fixed<22,7> v121 = v112 + bit_shift<-8>(v113); // 5.0
    ap_fixed<22,14> v122 = v114 - v101; // 6.0
    ap_fixed<23,10> v123 = v115 - bit_shift<2>(v116); // 6.0
    ap_fixed<21,8> v124 = v116 - bit_shift<1>(v105); // 6.0
    ap_fixed<23,15> v125 = v117 + bit_shift<6>(v118); // 6.0
    ap_fixed<26,15> v126 = v119 + v120; // 6.0
    ap_fixed<24,16> v127 = v122 + bit_shift<5>(v123); // 7.0
    ap_fixed<24,10> v128 = v124 + bit_shift<-6>(v125); // 7.0
    ap_fixed<26,15> v129 = v126 - bit_shift<7>(v121); // 7.0

    model_out[0] = ap_fixed<24,7>(bit_shift<-9>(v127));
    model_out[1] = ap_fixed<24,7>(bit_shift<-3>(v128));
    model_out[2] = ap_fixed<26,6>(bit_shift<-9>(v129));
}


template <typename inp_t, typename out_t, typename DUMMY> struct dense_da_wrapper_3 {
static void dense(inp_t inp[18], out_t out[3], void *weights=nullptr, void *biases=nullptr) {
    dense_da_3(inp, out);
}
};template <typename inp_t, typename out_t>
void dense_da_6(inp_t model_inp[12], out_t model_out[4]) { // ap_ufixed<8,2> -> ap_fixed<25,5>
    #pragma HLS INLINE

    ap_ufixed<8,2> v0 = model_inp[0]; // 0.0
    ap_ufixed<8,2> v1 = model_inp[1]; // 0.0
    ap_ufixed<8,2> v2 = model_inp[2]; // 0.0
    ap_ufixed<8,2> v3 = model_inp[3]; // 0.0
    ap_ufixed<8,2> v4 = model_inp[4]; // 0.0
    ap_ufixed<8,2> v5 = model_inp[5]; // 0.0
    ap_ufixed<8,2> v6 = model_inp[6]; // 0.0
    ap_ufixed<8,2> v7 = model_inp[7]; // 0.0
    ap_ufixed<8,2> v8 = model_inp[8]; // 0.0
    ap_ufixed<8,2> v9 = model_inp[9]; // 0.0
    ap_ufixed<8,2> v10 = model_inp[10]; // 0.0
    ap_ufixed<8,2> v11 = model_inp[11]; // 0.0
    ap_fixed<9,3> v12 = v2 - v8; // 1.0
    ap_fixed<9,3> v13 = v1 - v10; // 1.0
    ap_fixed<10,3> v14 = v5 - bit_shift<-1>(v7); // 1.0
    ap_fixed<10,3> v15 = v4 - bit_shift<-1>(v7); // 1.0
    ap_ufixed<12,3> v16 = v0 + bit_shift<-3>(v4); // 1.0
    ap_fixed<10,4> v17 = v3 - bit_shift<1>(v9); // 1.0
    ap_ufixed<9,3> v18 = v4 + v6; // 1.0
    ap_ufixed<11,3> v19 = v11 + bit_shift<-2>(v11); // 1.0
    ap_ufixed<12,3> v20 = v1 + bit_shift<-3>(v8); // 1.0
    ap_ufixed<11,5> v21 = v6 + bit_shift<2>(v11); // 1.0
    ap_ufixed<12,3> v22 = v1 + bit_shift<-3>(v5); // 1.0
    ap_fixed<11,3> v23 = v11 - bit_shift<-2>(v11); // 1.0
    ap_ufixed<10,3> v24 = v8 + bit_shift<-1>(v9); // 1.0
    ap_ufixed<16,10> v25 = v4 + bit_shift<8>(v5); // 1.0
    ap_ufixed<12,3> v26 = v7 + bit_shift<-3>(v4); // 1.0
    ap_ufixed<12,3> v27 = v7 + bit_shift<-3>(v3); // 1.0
    ap_fixed<11,5> v28 = v3 - bit_shift<2>(v6); // 1.0
    ap_ufixed<15,3> v29 = v0 + bit_shift<-6>(v0); // 1.0
    ap_ufixed<16,10> v30 = v2 + bit_shift<8>(v10); // 1.0
    ap_ufixed<10,4> v31 = v11 + bit_shift<1>(v4); // 1.0
    ap_fixed<11,3> v32 = v0 - bit_shift<-2>(v9); // 1.0
    ap_fixed<17,3> v33 = v1 - bit_shift<-8>(v4); // 1.0
    ap_ufixed<9,3> v34 = v5 + v10; // 1.0
    ap_ufixed<12,3> v35 = v9 + bit_shift<-3>(v11); // 1.0
    ap_fixed<12,6> v36 = v0 + bit_shift<2>(v12); // 2.0
    ap_fixed<11,4> v37 = v9 + bit_shift<-1>(v13); // 2.0
    ap_fixed<13,4> v38 = v14 + bit_shift<-2>(v14); // 2.0
    ap_fixed<16,4> v39 = v3 + bit_shift<-5>(v15); // 2.0
    ap_fixed<14,5> v40 = v16 + v14; // 2.0
    ap_fixed<10,4> v41 = v2 + v13; // 2.0
    ap_fixed<11,5> v42 = v17 + v18; // 2.0
    ap_fixed<12,6> v43 = v6 - bit_shift<2>(v19); // 2.0
    ap_ufixed<13,4> v44 = v20 + bit_shift<-1>(v21); // 2.0
    ap_fixed<14,4> v45 = v0 - bit_shift<-4>(v17); // 2.0
    ap_ufixed<13,4> v46 = v2 + v22; // 2.0
    ap_fixed<13,4> v47 = v16 - bit_shift<1>(v2); // 2.0
    ap_fixed<12,5> v48 = v6 + bit_shift<1>(v23); // 2.0
    ap_fixed<18,4> v49 = v13 + bit_shift<-8>(v25); // 2.0
    ap_ufixed<15,3> v50 = v26 + bit_shift<-3>(v27); // 2.0
    ap_fixed<15,5> v51 = v18 - bit_shift<-4>(v28); // 2.0
    ap_fixed<14,6> v52 = v17 - bit_shift<1>(v20); // 2.0
    ap_fixed<18,11> v53 = v28 + bit_shift<-1>(v30); // 2.0
    ap_fixed<11,5> v54 = v12 + v31; // 2.0
    ap_fixed<13,4> v55 = v22 + bit_shift<-2>(v15); // 2.0
    ap_fixed<15,4> v56 = v3 + bit_shift<-5>(v12); // 2.0
    ap_fixed<18,8> v57 = v32 + bit_shift<4>(v33); // 2.0
    ap_fixed<18,4> v58 = v32 + bit_shift<-5>(v35); // 2.0
    ap_fixed<11,4> v59 = v14 + bit_shift<-1>(v18); // 2.0
    ap_fixed<18,4> v60 = v33 - bit_shift<-7>(v13); // 2.0
    ap_fixed<14,8> v61 = v36 + bit_shift<4>(v37); // 3.0
    ap_fixed<16,5> v62 = v38 + bit_shift<1>(v39); // 3.0
    ap_fixed<16,9> v63 = v37 - bit_shift<5>(v14); // 3.0
    ap_fixed<15,6> v64 = v40 + bit_shift<1>(v41); // 3.0
    ap_fixed<14,6> v65 = v42 - bit_shift<-2>(v43); // 3.0
    ap_fixed<12,6> v66 = v10 + v36; // 3.0
    ap_fixed<17,8> v67 = v44 + bit_shift<4>(v45); // 3.0
    ap_fixed<16,7> v68 = v46 + bit_shift<3>(v47); // 3.0
    ap_fixed<16,9> v69 = v48 - bit_shift<5>(v24); // 3.0
    ap_fixed<23,4> v70 = v49 - bit_shift<-7>(v50); // 3.0
    ap_fixed<15,5> v71 = v14 + v51; // 3.0
    ap_fixed<15,4> v72 = v19 - bit_shift<-4>(v37); // 3.0
    ap_fixed<15,4> v73 = v5 - bit_shift<-1>(v45); // 3.0
    ap_fixed<18,12> v74 = v43 - bit_shift<8>(v29); // 3.0
    ap_fixed<20,13> v75 = v53 + bit_shift<7>(v52); // 3.0
    ap_fixed<19,5> v76 = v54 - bit_shift<-5>(v46); // 3.0
    ap_fixed<17,4> v77 = v7 - bit_shift<-4>(v55); // 3.0
    ap_fixed<17,4> v78 = v56 - bit_shift<-2>(v56); // 3.0
    ap_fixed<21,11> v79 = v57 - bit_shift<7>(v34); // 3.0
    ap_fixed<19,5> v80 = v56 + v58; // 3.0
    ap_fixed<18,6> v81 = v59 + bit_shift<2>(v60); // 3.0
    ap_fixed<15,5> v82 = v48 - bit_shift<-4>(v36); // 3.0
    ap_fixed<18,9> v83 = v61 + bit_shift<2>(v62); // 4.0
    ap_fixed<17,10> v84 = v63 + bit_shift<3>(v64); // 4.0
    ap_fixed<17,8> v85 = v66 + v67; // 4.0
    ap_fixed<17,8> v86 = v68 - bit_shift<2>(v41); // 4.0
    ap_fixed<24,12> v87 = v69 + bit_shift<7>(v70); // 4.0
    ap_fixed<17,6> v88 = v71 + v72; // 4.0
    ap_fixed<15,6> v89 = v8 + bit_shift<2>(v73); // 4.0
    ap_fixed<18,12> v90 = v74 - bit_shift<6>(v52); // 4.0
    ap_fixed<20,13> v91 = v75 + bit_shift<7>(v76); // 4.0
    ap_fixed<17,8> v92 = v5 - bit_shift<4>(v77); // 4.0
    ap_fixed<17,5> v93 = v71 + bit_shift<-1>(v72); // 4.0
    ap_fixed<19,6> v94 = v78 + bit_shift<-1>(v66); // 4.0
    ap_fixed<23,13> v95 = v79 - bit_shift<7>(v80); // 4.0
    ap_fixed<20,8> v96 = v81 + bit_shift<2>(v82); // 4.0
    ap_fixed<20,11> v97 = v83 + bit_shift<1>(v84); // 5.0
    ap_fixed<22,6> v98 = v65 + bit_shift<-7>(v85); // 5.0
    ap_fixed<24,10> v99 = v86 + bit_shift<-2>(v87); // 5.0
    ap_fixed<17,6> v100 = v89 + bit_shift<-2>(v89); // 5.0
    ap_fixed<20,14> v101 = v90 + bit_shift<1>(v91); // 5.0
    ap_fixed<17,9> v102 = v10 + bit_shift<1>(v92); // 5.0
    ap_fixed<23,8> v103 = v94 + bit_shift<-5>(v95); // 5.0
    ap_fixed<23,12> v104 = v97 + bit_shift<5>(v98); // 6.0
    ap_fixed<24,10> v105 = v99 - bit_shift<3>(v88); // 6.0
    ap_fixed<18,9> v106 = v102 - bit_shift<3>(v93); // 6.0
    ap_fixed<20,8> v107 = v96 + bit_shift<-3>(v102); // 6.0
    ap_fixed<24,10> v108 = v105 - bit_shift<-1>(v100); // 7.0
    ap_fixed<21,15> v109 = v101 + bit_shift<4>(v106); // 7.0
    ap_fixed<23,8> v110 = v103 + bit_shift<-1>(v107); // 7.0

    model_out[0] = ap_fixed<23,5>(bit_shift<-7>(v104));
    model_out[1] = ap_fixed<24,4>(bit_shift<-6>(v108));
    model_out[2] = ap_fixed<21,5>(bit_shift<-10>(v109));
    model_out[3] = ap_fixed<23,5>(bit_shift<-3>(v110));
}


template <typename inp_t, typename out_t, typename DUMMY> struct dense_da_wrapper_6 {
static void dense(inp_t inp[12], out_t out[4], void *weights=nullptr, void *biases=nullptr) {
    dense_da_6(inp, out);
}
};template <typename inp_t, typename out_t>
void dense_da_10(inp_t model_inp[16], out_t model_out[4]) { // ap_ufixed<8,2> -> ap_fixed<26,5>
    #pragma HLS INLINE

    ap_ufixed<8,2> v0 = model_inp[0]; // 0.0
    ap_ufixed<8,2> v1 = model_inp[1]; // 0.0
    ap_ufixed<8,2> v2 = model_inp[2]; // 0.0
    ap_ufixed<8,2> v3 = model_inp[3]; // 0.0
    ap_ufixed<8,2> v4 = model_inp[4]; // 0.0
    ap_ufixed<8,2> v5 = model_inp[5]; // 0.0
    ap_ufixed<8,2> v6 = model_inp[6]; // 0.0
    ap_ufixed<8,2> v7 = model_inp[7]; // 0.0
    ap_ufixed<8,2> v8 = model_inp[8]; // 0.0
    ap_ufixed<8,2> v9 = model_inp[9]; // 0.0
    ap_ufixed<8,2> v10 = model_inp[10]; // 0.0
    ap_ufixed<8,2> v11 = model_inp[11]; // 0.0
    ap_ufixed<8,2> v12 = model_inp[12]; // 0.0
    ap_ufixed<8,2> v13 = model_inp[13]; // 0.0
    ap_ufixed<8,2> v14 = model_inp[14]; // 0.0
    ap_ufixed<8,2> v15 = model_inp[15]; // 0.0
    ap_ufixed<9,3> v16 = v13 + v3; // 1.0
    ap_fixed<12,3> v17 = v5 - bit_shift<-3>(v7); // 1.0
    ap_ufixed<13,7> v18 = v11 + bit_shift<4>(v13); // 1.0
    ap_fixed<19,3> v19 = v0 - bit_shift<-10>(v1); // 1.0
    ap_ufixed<9,3> v20 = v2 + v4; // 1.0
    ap_ufixed<10,4> v21 = v3 + bit_shift<1>(v11); // 1.0
    ap_fixed<10,3> v22 = v4 - bit_shift<-1>(v10); // 1.0
    ap_ufixed<10,3> v23 = v0 + bit_shift<-1>(v1); // 1.0
    ap_fixed<16,3> v24 = v1 - bit_shift<-7>(v10); // 1.0
    ap_fixed<10,3> v25 = v5 - bit_shift<-1>(v13); // 1.0
    ap_ufixed<9,3> v26 = v6 + v10; // 1.0
    ap_ufixed<10,3> v27 = v12 + bit_shift<-1>(v15); // 1.0
    ap_fixed<11,3> v28 = v2 - bit_shift<-2>(v2); // 1.0
    ap_fixed<10,3> v29 = v8 - bit_shift<-1>(v9); // 1.0
    ap_ufixed<10,3> v30 = v14 + bit_shift<-1>(v12); // 1.0
    ap_fixed<9,3> v31 = v12 - v13; // 1.0
    ap_ufixed<10,3> v32 = v6 + bit_shift<-1>(v14); // 1.0
    ap_fixed<20,3> v33 = v15 - bit_shift<-11>(v0); // 1.0
    ap_ufixed<11,3> v34 = v4 + bit_shift<-2>(v1); // 1.0
    ap_fixed<12,3> v35 = v2 - bit_shift<-3>(v2); // 1.0
    ap_fixed<11,3> v36 = v6 - bit_shift<-2>(v9); // 1.0
    ap_ufixed<14,8> v37 = v7 + bit_shift<5>(v5); // 1.0
    ap_ufixed<10,3> v38 = v10 + bit_shift<-1>(v12); // 1.0
    ap_ufixed<9,3> v39 = v3 + v15; // 1.0
    ap_ufixed<12,3> v40 = v7 + bit_shift<-3>(v8); // 1.0
    ap_ufixed<10,3> v41 = v4 + bit_shift<-1>(v9); // 1.0
    ap_ufixed<13,7> v42 = v6 + bit_shift<4>(v14); // 1.0
    ap_ufixed<16,10> v43 = v8 + bit_shift<8>(v8); // 1.0
    ap_fixed<19,3> v44 = v10 - bit_shift<-10>(v11); // 1.0
    ap_ufixed<10,3> v45 = v0 + bit_shift<-1>(v11); // 1.0
    ap_ufixed<11,3> v46 = v12 + bit_shift<-2>(v12); // 1.0
    ap_ufixed<9,3> v47 = v4 + v15; // 1.0
    ap_ufixed<14,3> v48 = v5 + bit_shift<-5>(v1); // 1.0
    ap_ufixed<14,8> v49 = v8 + bit_shift<5>(v2); // 1.0
    ap_ufixed<12,3> v50 = v0 + bit_shift<-3>(v7); // 1.0
    ap_ufixed<14,8> v51 = v5 + bit_shift<5>(v11); // 1.0
    ap_ufixed<9,3> v52 = v9 + v14; // 1.0
    ap_fixed<20,3> v53 = v7 - bit_shift<-11>(v2); // 1.0
    ap_ufixed<12,6> v54 = v3 + bit_shift<3>(v9); // 1.0
    ap_fixed<13,7> v55 = v16 + bit_shift<3>(v17); // 2.0
    ap_fixed<15,4> v56 = v17 + bit_shift<-5>(v18); // 2.0
    ap_fixed<22,6> v57 = v19 + bit_shift<1>(v20); // 2.0
    ap_fixed<16,5> v58 = v21 - bit_shift<-4>(v22); // 2.0
    ap_fixed<16,4> v59 = v23 - bit_shift<1>(v24); // 2.0
    ap_fixed<13,4> v60 = v0 + bit_shift<-2>(v25); // 2.0
    ap_ufixed<13,7> v61 = v26 + bit_shift<4>(v27); // 2.0
    ap_fixed<14,3> v62 = v6 - bit_shift<-4>(v23); // 2.0
    ap_fixed<10,4> v63 = v15 - bit_shift<1>(v29); // 2.0
    ap_fixed<14,4> v64 = v30 + bit_shift<-4>(v31); // 2.0
    ap_fixed<12,4> v65 = v29 + bit_shift<-1>(v32); // 2.0
    ap_fixed<20,3> v66 = v33 - bit_shift<-7>(v34); // 2.0
    ap_fixed<13,4> v67 = v12 + v35; // 2.0
    ap_fixed<15,5> v68 = v36 + bit_shift<-4>(v37); // 2.0
    ap_fixed<12,4> v69 = v11 - bit_shift<1>(v17); // 2.0
    ap_fixed<12,5> v70 = v38 + v25; // 2.0
    ap_ufixed<12,3> v71 = v38 + bit_shift<-2>(v38); // 2.0
    ap_fixed<16,10> v72 = v15 + bit_shift<6>(v29); // 2.0
    ap_fixed<12,6> v73 = v39 + bit_shift<2>(v22); // 2.0
    ap_ufixed<15,3> v74 = v40 + bit_shift<-6>(v21); // 2.0
    ap_ufixed<14,4> v75 = v41 + bit_shift<-4>(v42); // 2.0
    ap_ufixed<13,7> v76 = v21 + v42; // 2.0
    ap_fixed<20,14> v77 = v43 + bit_shift<10>(v44); // 2.0
    ap_ufixed<11,4> v78 = v45 + bit_shift<1>(v46); // 2.0
    ap_fixed<11,5> v79 = v3 - bit_shift<1>(v47); // 2.0
    ap_fixed<14,7> v80 = v25 + bit_shift<-1>(v42); // 2.0
    ap_fixed<13,4> v81 = v35 + bit_shift<-1>(v29); // 2.0
    ap_ufixed<14,3> v82 = v48 + bit_shift<-1>(v40); // 2.0
    ap_fixed<12,4> v83 = v13 + v36; // 2.0
    ap_ufixed<12,5> v84 = v23 + bit_shift<2>(v38); // 2.0
    ap_ufixed<15,3> v85 = v40 + bit_shift<-6>(v49); // 2.0
    ap_fixed<15,6> v86 = v50 + bit_shift<2>(v31); // 2.0
    ap_ufixed<15,4> v87 = v47 + bit_shift<-5>(v51); // 2.0
    ap_fixed<13,4> v88 = v28 + bit_shift<-3>(v52); // 2.0
    ap_ufixed<17,11> v89 = v51 + bit_shift<7>(v47); // 2.0
    ap_fixed<21,7> v90 = v24 + bit_shift<3>(v53); // 2.0
    ap_fixed<22,16> v91 = v54 - bit_shift<13>(v6); // 2.0
    ap_fixed<15,9> v92 = v55 + bit_shift<5>(v56); // 3.0
    ap_fixed<22,6> v93 = v57 + v58; // 3.0
    ap_fixed<17,8> v94 = v22 - bit_shift<3>(v59); // 3.0
    ap_fixed<16,4> v95 = v4 + bit_shift<-3>(v60); // 3.0
    ap_fixed<18,12> v96 = v61 + bit_shift<8>(v62); // 3.0
    ap_fixed<14,6> v97 = v28 + bit_shift<1>(v63); // 3.0
    ap_fixed<18,4> v98 = v64 + bit_shift<-6>(v65); // 3.0
    ap_fixed<21,4> v99 = v66 + v62; // 3.0
    ap_fixed<16,7> v100 = v67 - bit_shift<2>(v21); // 3.0
    ap_fixed<17,7> v101 = v68 + bit_shift<2>(v69); // 3.0
    ap_fixed<14,4> v102 = v31 - bit_shift<-1>(v71); // 3.0
    ap_fixed<16,9> v103 = v14 + bit_shift<-1>(v72); // 3.0
    ap_fixed<17,7> v104 = v73 + bit_shift<2>(v74); // 3.0
    ap_fixed<16,5> v105 = v75 + bit_shift<-5>(v63); // 3.0
    ap_fixed<21,9> v106 = v76 + bit_shift<-6>(v77); // 3.0
    ap_fixed<13,6> v107 = v78 + bit_shift<-1>(v79); // 3.0
    ap_fixed<14,8> v108 = v79 + bit_shift<1>(v80); // 3.0
    ap_fixed<14,5> v109 = v81 + bit_shift<1>(v60); // 3.0
    ap_fixed<18,6> v110 = v79 + bit_shift<-4>(v69); // 3.0
    ap_fixed<16,5> v111 = v82 + v67; // 3.0
    ap_fixed<13,5> v112 = v47 + v83; // 3.0
    ap_ufixed<16,9> v113 = v84 + bit_shift<6>(v85); // 3.0
    ap_fixed<20,5> v114 = v87 - bit_shift<-6>(v88); // 3.0
    ap_ufixed<19,7> v115 = v76 + bit_shift<-6>(v89); // 3.0
    ap_fixed<24,7> v116 = v90 + bit_shift<-11>(v91); // 3.0
    ap_fixed<23,12> v117 = v92 + bit_shift<5>(v93); // 4.0
    ap_fixed<17,4> v118 = v9 - bit_shift<-4>(v94); // 4.0
    ap_fixed<17,4> v119 = v14 - bit_shift<-1>(v95); // 4.0
    ap_fixed<19,13> v120 = v96 + bit_shift<6>(v97); // 4.0
    ap_fixed<19,7> v121 = v97 + bit_shift<2>(v98); // 4.0
    ap_fixed<23,6> v122 = v99 + bit_shift<-1>(v100); // 4.0
    ap_fixed<21,11> v123 = v101 - bit_shift<6>(v70); // 4.0
    ap_fixed<14,8> v124 = v1 + bit_shift<4>(v102); // 4.0
    ap_fixed<19,7> v125 = v104 + bit_shift<-1>(v105); // 4.0
    ap_fixed<21,9> v126 = v106 - bit_shift<-2>(v107); // 4.0
    ap_fixed<16,10> v127 = v108 + bit_shift<4>(v109); // 4.0
    ap_fixed<17,6> v128 = v111 + bit_shift<-2>(v112); // 4.0
    ap_fixed<20,13> v129 = v113 - bit_shift<7>(v86); // 4.0
    ap_fixed<24,5> v130 = v114 - bit_shift<-7>(v115); // 4.0
    ap_fixed<24,11> v131 = v103 + bit_shift<4>(v116); // 4.0
    ap_fixed<23,12> v132 = v117 - bit_shift<3>(v118); // 5.0
    ap_fixed<20,4> v133 = v119 + bit_shift<-10>(v120); // 5.0
    ap_fixed<25,8> v134 = v122 + bit_shift<-4>(v123); // 5.0
    ap_fixed<17,11> v135 = v124 - bit_shift<2>(v103); // 5.0
    ap_fixed<21,9> v136 = v126 - bit_shift<4>(v118); // 5.0
    ap_fixed<20,14> v137 = v127 - bit_shift<8>(v110); // 5.0
    ap_fixed<25,15> v138 = v129 + bit_shift<9>(v130); // 5.0
    ap_fixed<17,4> v139 = v119 - bit_shift<-3>(v112); // 5.0
    ap_fixed<24,10> v140 = v124 + bit_shift<-1>(v131); // 5.0
    ap_fixed<23,7> v141 = v133 - v121; // 6.0
    ap_fixed<20,13> v142 = v135 - bit_shift<5>(v125); // 6.0
    ap_fixed<21,15> v143 = v137 - bit_shift<9>(v128); // 6.0
    ap_fixed<25,6> v144 = v139 + bit_shift<-5>(v140); // 6.0
    ap_fixed<24,12> v145 = v132 + bit_shift<4>(v141); // 7.0
    ap_fixed<25,8> v146 = v134 + bit_shift<-7>(v142); // 7.0
    ap_fixed<22,10> v147 = v136 + bit_shift<-5>(v143); // 7.0
    ap_fixed<26,15> v148 = v138 + bit_shift<8>(v144); // 7.0

    model_out[0] = ap_fixed<24,5>(bit_shift<-7>(v145));
    model_out[1] = ap_fixed<25,5>(bit_shift<-3>(v146));
    model_out[2] = ap_fixed<22,5>(bit_shift<-5>(v147));
    model_out[3] = ap_fixed<26,5>(bit_shift<-10>(v148));
}


template <typename inp_t, typename out_t, typename DUMMY> struct dense_da_wrapper_10 {
static void dense(inp_t inp[16], out_t out[4], void *weights=nullptr, void *biases=nullptr) {
    dense_da_10(inp, out);
}
};
} // namespace nnet

#endif
