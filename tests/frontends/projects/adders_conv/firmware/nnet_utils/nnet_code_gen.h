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

template<typename input_t, typename output_t>
void conv_iq(input_t *inp, output_t *out) {
    #pragma HLS INLINE

    out[0] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[0]);
    out[1] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[1]);
    out[2] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[2]);
    out[3] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[3]);
    out[4] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[4]);
    out[5] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[5]);
    out[6] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[6]);
    out[7] = ap_fixed<9,4,AP_RND,AP_WRAP>(inp[7]);
    out[8] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[8]);
    out[9] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[9]);
    out[10] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[10]);
    out[11] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[11]);
    out[12] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[12]);
    out[13] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[13]);
    out[14] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[14]);
    out[15] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[15]);
    out[16] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[16]);
    out[17] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[17]);
    out[18] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[18]);
    out[19] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[19]);
    out[20] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[20]);
    out[21] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[21]);
    out[22] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[22]);
    out[23] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[23]);
    out[24] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[24]);
    out[25] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[25]);
    out[26] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[26]);
    out[27] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[27]);
    out[28] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[28]);
    out[29] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[29]);
    out[30] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[30]);
    out[31] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[31]);
    out[32] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[32]);
    out[33] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[33]);
    out[34] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[34]);
    out[35] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[35]);
    out[36] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[36]);
    out[37] = ap_fixed<9,4,AP_RND,AP_WRAP>(inp[37]);
    out[38] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[38]);
    out[39] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[39]);
    out[40] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[40]);
    out[41] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[41]);
    out[42] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[42]);
    out[43] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[43]);
    out[44] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[44]);
    out[45] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[45]);
    out[46] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[46]);
    out[47] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[47]);
    out[48] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[48]);
    out[49] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[49]);
    out[50] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[50]);
    out[51] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[51]);
    out[52] = ap_fixed<9,4,AP_RND,AP_WRAP>(inp[52]);
    out[53] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[53]);
    out[54] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[54]);
    out[55] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[55]);
    out[56] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[56]);
    out[57] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[57]);
    out[58] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[58]);
    out[59] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[59]);
    out[60] = ap_fixed<9,4,AP_RND,AP_WRAP>(inp[60]);
    out[61] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[61]);
    out[62] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[62]);
    out[63] = ap_fixed<9,4,AP_RND,AP_WRAP>(inp[63]);
    out[64] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[64]);
    out[65] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[65]);
    out[66] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[66]);
    out[67] = ap_fixed<9,4,AP_RND,AP_WRAP>(inp[67]);
    out[68] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[68]);
    out[69] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[69]);
    out[70] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[70]);
    out[71] = ap_fixed<9,3,AP_RND,AP_WRAP>(inp[71]);
}
template <typename inp_t, typename out_t>
void dense_da_3(inp_t model_inp[18], out_t model_out[3]) { // ap_fixed<10,4> -> ap_fixed<28,7>
    #pragma HLS INLINE

    ap_fixed<9,3> v0 = model_inp[0]; // 0.0
    ap_fixed<10,4> v1 = model_inp[1]; // 0.0
    ap_fixed<9,3> v2 = model_inp[2]; // 0.0
    ap_fixed<10,4> v3 = model_inp[3]; // 0.0
    ap_fixed<9,3> v4 = model_inp[4]; // 0.0
    ap_fixed<10,4> v5 = model_inp[5]; // 0.0
    ap_fixed<10,4> v6 = model_inp[6]; // 0.0
    ap_fixed<10,4> v7 = model_inp[7]; // 0.0
    ap_fixed<10,4> v8 = model_inp[8]; // 0.0
    ap_fixed<9,3> v9 = model_inp[9]; // 0.0
    ap_fixed<10,4> v10 = model_inp[10]; // 0.0
    ap_fixed<9,3> v11 = model_inp[11]; // 0.0
    ap_fixed<10,4> v12 = model_inp[12]; // 0.0
    ap_fixed<10,4> v13 = model_inp[13]; // 0.0
    ap_fixed<10,4> v14 = model_inp[14]; // 0.0
    ap_fixed<10,4> v15 = model_inp[15]; // 0.0
    ap_fixed<10,4> v16 = model_inp[16]; // 0.0
    ap_fixed<10,4> v17 = model_inp[17]; // 0.0
    ap_fixed<11,5> v18 = v1 - v16; // 1.0
    ap_fixed<17,5> v19 = v7 - bit_shift<-6>(v0); // 1.0
    ap_fixed<13,5> v20 = v3 + bit_shift<-2>(v5); // 1.0
    ap_fixed<14,8> v21 = v5 - bit_shift<3>(v14); // 1.0
    ap_fixed<14,8> v22 = v2 + bit_shift<3>(v17); // 1.0
    ap_fixed<16,5> v23 = v6 + bit_shift<-5>(v13); // 1.0
    ap_fixed<16,10> v24 = v0 - bit_shift<5>(v15); // 1.0
    ap_fixed<11,5> v25 = v0 - v15; // 1.0
    ap_fixed<12,6> v26 = v1 + bit_shift<2>(v11); // 1.0
    ap_fixed<17,11> v27 = v2 + bit_shift<7>(v9); // 1.0
    ap_fixed<14,5> v28 = v7 + bit_shift<-3>(v16); // 1.0
    ap_fixed<12,5> v29 = v3 + bit_shift<-1>(v10); // 1.0
    ap_fixed<15,9> v30 = v1 - bit_shift<4>(v13); // 1.0
    ap_fixed<11,4> v31 = v4 - bit_shift<-1>(v12); // 1.0
    ap_fixed<13,7> v32 = v6 - bit_shift<2>(v17); // 1.0
    ap_fixed<12,4> v33 = v11 - bit_shift<-2>(v11); // 1.0
    ap_fixed<11,5> v34 = v9 + v13; // 1.0
    ap_fixed<14,8> v35 = v8 + bit_shift<3>(v10); // 1.0
    ap_fixed<17,5> v36 = v14 + bit_shift<-6>(v16); // 1.0
    ap_fixed<13,5> v37 = v6 + bit_shift<-2>(v6); // 1.0
    ap_fixed<13,5> v38 = v10 + bit_shift<-2>(v8); // 1.0
    ap_fixed<12,6> v39 = v12 + bit_shift<2>(v4); // 1.0
    ap_fixed<13,7> v40 = v2 + bit_shift<2>(v14); // 1.0
    ap_fixed<11,5> v41 = v7 + v17; // 1.0
    ap_fixed<16,4> v42 = v2 - bit_shift<-6>(v17); // 1.0
    ap_fixed<12,5> v43 = v8 - bit_shift<-1>(v16); // 1.0
    ap_fixed<11,4> v44 = v0 - bit_shift<-1>(v12); // 1.0
    ap_fixed<13,4> v45 = v11 + bit_shift<-3>(v11); // 1.0
    ap_fixed<17,11> v46 = v5 + bit_shift<7>(v4); // 1.0
    ap_fixed<24,5> v47 = v5 - bit_shift<-13>(v8); // 1.0
    ap_fixed<11,5> v48 = v3 + v14; // 1.0
    ap_fixed<11,4> v49 = v11 + bit_shift<-1>(v3); // 1.0
    ap_fixed<17,8> v50 = v18 + bit_shift<3>(v19); // 2.0
    ap_fixed<20,5> v51 = v20 + bit_shift<-7>(v20); // 2.0
    ap_fixed<17,11> v52 = v21 - bit_shift<3>(v22); // 2.0
    ap_fixed<21,5> v53 = v23 - bit_shift<-10>(v24); // 2.0
    ap_fixed<13,7> v54 = v25 + v26; // 2.0
    ap_fixed<21,15> v55 = v27 - bit_shift<10>(v8); // 2.0
    ap_fixed<14,5> v56 = v9 - v28; // 2.0
    ap_fixed<18,10> v57 = v24 - bit_shift<-2>(v30); // 2.0
    ap_fixed<15,9> v58 = v4 + bit_shift<4>(v31); // 2.0
    ap_fixed<16,4> v59 = v11 - bit_shift<-5>(v31); // 2.0
    ap_fixed<13,7> v60 = v32 + bit_shift<2>(v33); // 2.0
    ap_fixed<17,5> v61 = v34 + bit_shift<-6>(v35); // 2.0
    ap_fixed<17,5> v62 = v36 + bit_shift<-2>(v37); // 2.0
    ap_fixed<15,9> v63 = v22 + bit_shift<3>(v29); // 2.0
    ap_fixed<17,6> v64 = v38 + v23; // 2.0
    ap_fixed<13,7> v65 = v39 + bit_shift<2>(v37); // 2.0
    ap_fixed<17,6> v66 = v41 + bit_shift<1>(v42); // 2.0
    ap_fixed<16,8> v67 = v32 + bit_shift<-2>(v30); // 2.0
    ap_fixed<13,5> v68 = v43 + bit_shift<-1>(v44); // 2.0
    ap_fixed<15,5> v69 = v45 + bit_shift<-4>(v21); // 2.0
    ap_fixed<16,9> v70 = v30 + v43; // 2.0
    ap_fixed<17,10> v71 = v24 + bit_shift<-1>(v40); // 2.0
    ap_fixed<16,10> v72 = v24 + v26; // 2.0
    ap_fixed<16,8> v73 = v33 - bit_shift<3>(v7); // 2.0
    ap_fixed<13,7> v74 = v40 + bit_shift<1>(v25); // 2.0
    ap_fixed<14,6> v75 = v25 + bit_shift<-2>(v40); // 2.0
    ap_fixed<24,13> v76 = v46 + bit_shift<8>(v47); // 2.0
    ap_fixed<20,5> v77 = v44 - bit_shift<-9>(v48); // 2.0
    ap_fixed<14,8> v78 = v32 + bit_shift<2>(v49); // 2.0
    ap_fixed<15,5> v79 = v28 + bit_shift<-2>(v20); // 2.0
    ap_fixed<21,9> v80 = v50 + bit_shift<3>(v51); // 3.0
    ap_fixed<18,6> v81 = v10 + bit_shift<-6>(v52); // 3.0
    ap_fixed<22,6> v82 = v53 + bit_shift<-2>(v54); // 3.0
    ap_fixed<21,15> v83 = v55 - bit_shift<5>(v56); // 3.0
    ap_fixed<18,11> v84 = v29 - bit_shift<1>(v57); // 3.0
    ap_fixed<18,12> v85 = v58 - bit_shift<6>(v18); // 3.0
    ap_fixed<16,4> v86 = v59 + bit_shift<-5>(v60); // 3.0
    ap_fixed<18,12> v87 = v34 + bit_shift<7>(v61); // 3.0
    ap_fixed<18,5> v88 = v62 + bit_shift<-7>(v63); // 3.0
    ap_fixed<19,8> v89 = v64 + bit_shift<2>(v56); // 3.0
    ap_fixed<20,14> v90 = v65 - bit_shift<7>(v40); // 3.0
    ap_fixed<21,10> v91 = v66 + bit_shift<2>(v67); // 3.0
    ap_fixed<15,9> v92 = v58 + bit_shift<1>(v41); // 3.0
    ap_fixed<21,6> v93 = v68 + v51; // 3.0
    ap_fixed<19,5> v94 = v69 + bit_shift<-7>(v70); // 3.0
    ap_fixed<18,10> v95 = v71 + bit_shift<-2>(v72); // 3.0
    ap_fixed<16,8> v96 = v73 + bit_shift<-1>(v74); // 3.0
    ap_fixed<19,8> v97 = v32 + bit_shift<1>(v61); // 3.0
    ap_fixed<24,6> v98 = v59 + bit_shift<-7>(v76); // 3.0
    ap_fixed<20,5> v99 = v77 - bit_shift<-8>(v78); // 3.0
    ap_fixed<16,5> v100 = v79 + bit_shift<-5>(v74); // 3.0
    ap_fixed<22,10> v101 = v80 + bit_shift<4>(v81); // 4.0
    ap_fixed<22,6> v102 = v82 + bit_shift<-10>(v83); // 4.0
    ap_fixed<19,12> v103 = v84 - bit_shift<2>(v58); // 4.0
    ap_fixed<21,12> v104 = v85 - bit_shift<3>(v86); // 4.0
    ap_fixed<19,13> v105 = v87 + bit_shift<7>(v88); // 4.0
    ap_fixed<21,10> v106 = v89 + bit_shift<-1>(v84); // 4.0
    ap_fixed<22,15> v107 = v90 + bit_shift<4>(v91); // 4.0
    ap_fixed<20,6> v108 = v18 - bit_shift<-8>(v92); // 4.0
    ap_fixed<22,7> v109 = v93 + v94; // 4.0
    ap_fixed<20,6> v110 = v81 + bit_shift<-6>(v95); // 4.0
    ap_fixed<20,12> v111 = v96 - bit_shift<6>(v75); // 4.0
    ap_fixed<19,10> v112 = v18 + bit_shift<2>(v97); // 4.0
    ap_fixed<25,13> v113 = v87 + bit_shift<6>(v98); // 4.0
    ap_fixed<20,5> v114 = v99 - bit_shift<-1>(v100); // 4.0
    ap_fixed<23,11> v115 = v101 + bit_shift<4>(v102); // 5.0
    ap_fixed<22,13> v116 = v103 + v104; // 5.0
    ap_fixed<22,11> v117 = v106 + bit_shift<-4>(v107); // 5.0
    ap_fixed<20,6> v118 = v6 + v108; // 5.0
    ap_fixed<22,7> v119 = v109 + bit_shift<-1>(v110); // 5.0
    ap_fixed<21,13> v120 = v111 + bit_shift<2>(v112); // 5.0
    ap_fixed<26,14> v121 = v113 + bit_shift<8>(v114); // 5.0
    ap_fixed<22,13> v122 = v116 - bit_shift<-1>(v105); // 6.0
    ap_fixed<23,12> v123 = v117 - bit_shift<4>(v118); // 6.0
    ap_fixed<22,13> v124 = v120 - v112; // 6.0
    ap_fixed<27,15> v125 = v121 - bit_shift<7>(v118); // 6.0
    ap_fixed<24,12> v126 = v115 + bit_shift<-2>(v122); // 7.0
    ap_fixed<24,12> v127 = v123 - bit_shift<3>(v119); // 7.0
    ap_fixed<27,15> v128 = v124 + v125; // 7.0
    ap_fixed<25,13> v129 = v127 - v126; // 8.0

    model_out[0] = ap_fixed<24,6>(bit_shift<-6>(v126));
    model_out[1] = ap_fixed<25,7>(bit_shift<-6>(v129));
    model_out[2] = ap_fixed<27,6>(bit_shift<-9>(v128));
}
template<class data_T, typename CONFIG_T>
class fill_buffer_3 : public nnet::FillConv2DBuffer<data_T, CONFIG_T> {
    public:
    static void fill_buffer(
        data_T data[CONFIG_T::in_height * CONFIG_T::in_width * CONFIG_T::n_chan],
        data_T buffer[CONFIG_T::n_pixels][CONFIG_T::filt_height * CONFIG_T::filt_width * CONFIG_T::n_chan],
        const unsigned partition
    ) {
        if (partition ==   0) {
            buffer[0][0] =    data[0]; buffer[0][1] =    data[1]; buffer[0][2] =    data[2]; buffer[0][3] =    data[3]; buffer[0][4] =    data[4]; buffer[0][5] =    data[5]; buffer[0][6] =   data[12]; buffer[0][7] =   data[13]; buffer[0][8] =   data[14]; buffer[0][9] =   data[15]; buffer[0][10] =   data[16]; buffer[0][11] =   data[17]; buffer[0][12] =   data[24]; buffer[0][13] =   data[25]; buffer[0][14] =   data[26]; buffer[0][15] =   data[27]; buffer[0][16] =   data[28]; buffer[0][17] =   data[29];
            buffer[1][0] =    data[2]; buffer[1][1] =    data[3]; buffer[1][2] =    data[4]; buffer[1][3] =    data[5]; buffer[1][4] =    data[6]; buffer[1][5] =    data[7]; buffer[1][6] =   data[14]; buffer[1][7] =   data[15]; buffer[1][8] =   data[16]; buffer[1][9] =   data[17]; buffer[1][10] =   data[18]; buffer[1][11] =   data[19]; buffer[1][12] =   data[26]; buffer[1][13] =   data[27]; buffer[1][14] =   data[28]; buffer[1][15] =   data[29]; buffer[1][16] =   data[30]; buffer[1][17] =   data[31];
            buffer[2][0] =    data[4]; buffer[2][1] =    data[5]; buffer[2][2] =    data[6]; buffer[2][3] =    data[7]; buffer[2][4] =    data[8]; buffer[2][5] =    data[9]; buffer[2][6] =   data[16]; buffer[2][7] =   data[17]; buffer[2][8] =   data[18]; buffer[2][9] =   data[19]; buffer[2][10] =   data[20]; buffer[2][11] =   data[21]; buffer[2][12] =   data[28]; buffer[2][13] =   data[29]; buffer[2][14] =   data[30]; buffer[2][15] =   data[31]; buffer[2][16] =   data[32]; buffer[2][17] =   data[33];
            buffer[3][0] =    data[6]; buffer[3][1] =    data[7]; buffer[3][2] =    data[8]; buffer[3][3] =    data[9]; buffer[3][4] =   data[10]; buffer[3][5] =   data[11]; buffer[3][6] =   data[18]; buffer[3][7] =   data[19]; buffer[3][8] =   data[20]; buffer[3][9] =   data[21]; buffer[3][10] =   data[22]; buffer[3][11] =   data[23]; buffer[3][12] =   data[30]; buffer[3][13] =   data[31]; buffer[3][14] =   data[32]; buffer[3][15] =   data[33]; buffer[3][16] =   data[34]; buffer[3][17] =   data[35];
            buffer[4][0] =   data[12]; buffer[4][1] =   data[13]; buffer[4][2] =   data[14]; buffer[4][3] =   data[15]; buffer[4][4] =   data[16]; buffer[4][5] =   data[17]; buffer[4][6] =   data[24]; buffer[4][7] =   data[25]; buffer[4][8] =   data[26]; buffer[4][9] =   data[27]; buffer[4][10] =   data[28]; buffer[4][11] =   data[29]; buffer[4][12] =   data[36]; buffer[4][13] =   data[37]; buffer[4][14] =   data[38]; buffer[4][15] =   data[39]; buffer[4][16] =   data[40]; buffer[4][17] =   data[41];
            buffer[5][0] =   data[14]; buffer[5][1] =   data[15]; buffer[5][2] =   data[16]; buffer[5][3] =   data[17]; buffer[5][4] =   data[18]; buffer[5][5] =   data[19]; buffer[5][6] =   data[26]; buffer[5][7] =   data[27]; buffer[5][8] =   data[28]; buffer[5][9] =   data[29]; buffer[5][10] =   data[30]; buffer[5][11] =   data[31]; buffer[5][12] =   data[38]; buffer[5][13] =   data[39]; buffer[5][14] =   data[40]; buffer[5][15] =   data[41]; buffer[5][16] =   data[42]; buffer[5][17] =   data[43];
            buffer[6][0] =   data[16]; buffer[6][1] =   data[17]; buffer[6][2] =   data[18]; buffer[6][3] =   data[19]; buffer[6][4] =   data[20]; buffer[6][5] =   data[21]; buffer[6][6] =   data[28]; buffer[6][7] =   data[29]; buffer[6][8] =   data[30]; buffer[6][9] =   data[31]; buffer[6][10] =   data[32]; buffer[6][11] =   data[33]; buffer[6][12] =   data[40]; buffer[6][13] =   data[41]; buffer[6][14] =   data[42]; buffer[6][15] =   data[43]; buffer[6][16] =   data[44]; buffer[6][17] =   data[45];
            buffer[7][0] =   data[18]; buffer[7][1] =   data[19]; buffer[7][2] =   data[20]; buffer[7][3] =   data[21]; buffer[7][4] =   data[22]; buffer[7][5] =   data[23]; buffer[7][6] =   data[30]; buffer[7][7] =   data[31]; buffer[7][8] =   data[32]; buffer[7][9] =   data[33]; buffer[7][10] =   data[34]; buffer[7][11] =   data[35]; buffer[7][12] =   data[42]; buffer[7][13] =   data[43]; buffer[7][14] =   data[44]; buffer[7][15] =   data[45]; buffer[7][16] =   data[46]; buffer[7][17] =   data[47];
            buffer[8][0] =   data[24]; buffer[8][1] =   data[25]; buffer[8][2] =   data[26]; buffer[8][3] =   data[27]; buffer[8][4] =   data[28]; buffer[8][5] =   data[29]; buffer[8][6] =   data[36]; buffer[8][7] =   data[37]; buffer[8][8] =   data[38]; buffer[8][9] =   data[39]; buffer[8][10] =   data[40]; buffer[8][11] =   data[41]; buffer[8][12] =   data[48]; buffer[8][13] =   data[49]; buffer[8][14] =   data[50]; buffer[8][15] =   data[51]; buffer[8][16] =   data[52]; buffer[8][17] =   data[53];
            buffer[9][0] =   data[26]; buffer[9][1] =   data[27]; buffer[9][2] =   data[28]; buffer[9][3] =   data[29]; buffer[9][4] =   data[30]; buffer[9][5] =   data[31]; buffer[9][6] =   data[38]; buffer[9][7] =   data[39]; buffer[9][8] =   data[40]; buffer[9][9] =   data[41]; buffer[9][10] =   data[42]; buffer[9][11] =   data[43]; buffer[9][12] =   data[50]; buffer[9][13] =   data[51]; buffer[9][14] =   data[52]; buffer[9][15] =   data[53]; buffer[9][16] =   data[54]; buffer[9][17] =   data[55];
            buffer[10][0] =   data[28]; buffer[10][1] =   data[29]; buffer[10][2] =   data[30]; buffer[10][3] =   data[31]; buffer[10][4] =   data[32]; buffer[10][5] =   data[33]; buffer[10][6] =   data[40]; buffer[10][7] =   data[41]; buffer[10][8] =   data[42]; buffer[10][9] =   data[43]; buffer[10][10] =   data[44]; buffer[10][11] =   data[45]; buffer[10][12] =   data[52]; buffer[10][13] =   data[53]; buffer[10][14] =   data[54]; buffer[10][15] =   data[55]; buffer[10][16] =   data[56]; buffer[10][17] =   data[57];
            buffer[11][0] =   data[30]; buffer[11][1] =   data[31]; buffer[11][2] =   data[32]; buffer[11][3] =   data[33]; buffer[11][4] =   data[34]; buffer[11][5] =   data[35]; buffer[11][6] =   data[42]; buffer[11][7] =   data[43]; buffer[11][8] =   data[44]; buffer[11][9] =   data[45]; buffer[11][10] =   data[46]; buffer[11][11] =   data[47]; buffer[11][12] =   data[54]; buffer[11][13] =   data[55]; buffer[11][14] =   data[56]; buffer[11][15] =   data[57]; buffer[11][16] =   data[58]; buffer[11][17] =   data[59];
            buffer[12][0] =   data[36]; buffer[12][1] =   data[37]; buffer[12][2] =   data[38]; buffer[12][3] =   data[39]; buffer[12][4] =   data[40]; buffer[12][5] =   data[41]; buffer[12][6] =   data[48]; buffer[12][7] =   data[49]; buffer[12][8] =   data[50]; buffer[12][9] =   data[51]; buffer[12][10] =   data[52]; buffer[12][11] =   data[53]; buffer[12][12] =   data[60]; buffer[12][13] =   data[61]; buffer[12][14] =   data[62]; buffer[12][15] =   data[63]; buffer[12][16] =   data[64]; buffer[12][17] =   data[65];
            buffer[13][0] =   data[38]; buffer[13][1] =   data[39]; buffer[13][2] =   data[40]; buffer[13][3] =   data[41]; buffer[13][4] =   data[42]; buffer[13][5] =   data[43]; buffer[13][6] =   data[50]; buffer[13][7] =   data[51]; buffer[13][8] =   data[52]; buffer[13][9] =   data[53]; buffer[13][10] =   data[54]; buffer[13][11] =   data[55]; buffer[13][12] =   data[62]; buffer[13][13] =   data[63]; buffer[13][14] =   data[64]; buffer[13][15] =   data[65]; buffer[13][16] =   data[66]; buffer[13][17] =   data[67];
            buffer[14][0] =   data[40]; buffer[14][1] =   data[41]; buffer[14][2] =   data[42]; buffer[14][3] =   data[43]; buffer[14][4] =   data[44]; buffer[14][5] =   data[45]; buffer[14][6] =   data[52]; buffer[14][7] =   data[53]; buffer[14][8] =   data[54]; buffer[14][9] =   data[55]; buffer[14][10] =   data[56]; buffer[14][11] =   data[57]; buffer[14][12] =   data[64]; buffer[14][13] =   data[65]; buffer[14][14] =   data[66]; buffer[14][15] =   data[67]; buffer[14][16] =   data[68]; buffer[14][17] =   data[69];
            buffer[15][0] =   data[42]; buffer[15][1] =   data[43]; buffer[15][2] =   data[44]; buffer[15][3] =   data[45]; buffer[15][4] =   data[46]; buffer[15][5] =   data[47]; buffer[15][6] =   data[54]; buffer[15][7] =   data[55]; buffer[15][8] =   data[56]; buffer[15][9] =   data[57]; buffer[15][10] =   data[58]; buffer[15][11] =   data[59]; buffer[15][12] =   data[66]; buffer[15][13] =   data[67]; buffer[15][14] =   data[68]; buffer[15][15] =   data[69]; buffer[15][16] =   data[70]; buffer[15][17] =   data[71];

        }
    }
};
template <typename inp_t, typename out_t>
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
template<class data_T, typename CONFIG_T>
class fill_buffer_6 : public nnet::FillConv2DBuffer<data_T, CONFIG_T> {
    public:
    static void fill_buffer(
        data_T data[CONFIG_T::in_height * CONFIG_T::in_width * CONFIG_T::n_chan],
        data_T buffer[CONFIG_T::n_pixels][CONFIG_T::filt_height * CONFIG_T::filt_width * CONFIG_T::n_chan],
        const unsigned partition
    ) {
        if (partition ==   0) {
            buffer[0][0] =    data[0]; buffer[0][1] =    data[1]; buffer[0][2] =    data[2]; buffer[0][3] =    data[3]; buffer[0][4] =    data[4]; buffer[0][5] =    data[5]; buffer[0][6] =   data[12]; buffer[0][7] =   data[13]; buffer[0][8] =   data[14]; buffer[0][9] =   data[15]; buffer[0][10] =   data[16]; buffer[0][11] =   data[17];
            buffer[1][0] =    data[6]; buffer[1][1] =    data[7]; buffer[1][2] =    data[8]; buffer[1][3] =    data[9]; buffer[1][4] =   data[10]; buffer[1][5] =   data[11]; buffer[1][6] =   data[18]; buffer[1][7] =   data[19]; buffer[1][8] =   data[20]; buffer[1][9] =   data[21]; buffer[1][10] =   data[22]; buffer[1][11] =   data[23];
            buffer[2][0] =   data[24]; buffer[2][1] =   data[25]; buffer[2][2] =   data[26]; buffer[2][3] =   data[27]; buffer[2][4] =   data[28]; buffer[2][5] =   data[29]; buffer[2][6] =   data[36]; buffer[2][7] =   data[37]; buffer[2][8] =   data[38]; buffer[2][9] =   data[39]; buffer[2][10] =   data[40]; buffer[2][11] =   data[41];
            buffer[3][0] =   data[30]; buffer[3][1] =   data[31]; buffer[3][2] =   data[32]; buffer[3][3] =   data[33]; buffer[3][4] =   data[34]; buffer[3][5] =   data[35]; buffer[3][6] =   data[42]; buffer[3][7] =   data[43]; buffer[3][8] =   data[44]; buffer[3][9] =   data[45]; buffer[3][10] =   data[46]; buffer[3][11] =   data[47];

        }
    }
};
template <typename inp_t, typename out_t>
void dense_da_10(inp_t model_inp[16], out_t model_out[4]) { // ap_ufixed<10,2> -> ap_fixed<27,5>
    #pragma HLS INLINE
  ap_ufixed<8, 1, AP_RND, AP_WRAP> model_inp_q_0 = model_inp[0];
    ap_ufixed<8, 1, AP_RND, AP_WRAP> model_inp_q_1 = model_inp[1];
    ap_ufixed<8, 0, AP_RND, AP_WRAP> model_inp_q_2 = model_inp[2];
    ap_ufixed<8, 1, AP_RND, AP_WRAP> model_inp_q_3 = model_inp[3];
    ap_ufixed<8, 2, AP_RND, AP_WRAP> model_inp_q_4 = model_inp[4];
    ap_ufixed<8, 1, AP_RND, AP_WRAP> model_inp_q_5 = model_inp[5];
    ap_ufixed<8, 1, AP_RND, AP_WRAP> model_inp_q_6 = model_inp[6];
    ap_ufixed<8, 1, AP_RND, AP_WRAP> model_inp_q_7 = model_inp[7];
    ap_ufixed<8, 2, AP_RND, AP_WRAP> model_inp_q_8 = model_inp[8];
    ap_ufixed<8, 1, AP_RND, AP_WRAP> model_inp_q_9 = model_inp[9];
    ap_ufixed<8, 1, AP_RND, AP_WRAP> model_inp_q_10 = model_inp[10];
    ap_ufixed<8, 2, AP_RND, AP_WRAP> model_inp_q_11 = model_inp[11];
    ap_ufixed<8, 1, AP_RND, AP_WRAP> model_inp_q_12 = model_inp[12];
    ap_ufixed<8, 1, AP_RND, AP_WRAP> model_inp_q_13 = model_inp[13];
    ap_ufixed<8, 1, AP_RND, AP_WRAP> model_inp_q_14 = model_inp[14];
    ap_ufixed<8, 1, AP_RND, AP_WRAP> model_inp_q_15 = model_inp[15];

    ap_ufixed<8,1> v0 = model_inp_q_0; // 0.0
    ap_ufixed<8,1> v1 = model_inp_q_1; // 0.0
    ap_ufixed<8,0> v2 = model_inp_q_2; // 0.0
    ap_ufixed<8,1> v3 = model_inp_q_3; // 0.0
    ap_ufixed<8,2> v4 = model_inp_q_4; // 0.0
    ap_ufixed<8,1> v5 = model_inp_q_5; // 0.0
    ap_ufixed<8,1> v6 = model_inp_q_6; // 0.0
    ap_ufixed<8,1> v7 = model_inp_q_7; // 0.0
    ap_ufixed<8,2> v8 = model_inp_q_8; // 0.0
    ap_ufixed<8,1> v9 = model_inp_q_9; // 0.0
    ap_ufixed<8,1> v10 = model_inp_q_10; // 0.0
    ap_ufixed<8,2> v11 = model_inp_q_11; // 0.0
    ap_ufixed<8,1> v12 = model_inp_q_12; // 0.0
    ap_ufixed<8,1> v13 = model_inp_q_13; // 0.0
    ap_ufixed<8,1> v14 = model_inp_q_14; // 0.0
    ap_ufixed<8,1> v15 = model_inp_q_15; // 0.0
    ap_fixed<11,1> v16 = v2 - bit_shift<-2>(v2); // 1.0
    ap_ufixed<12,5> v17 = v10 + bit_shift<3>(v15); // 1.0
    ap_fixed<19,2> v18 = v0 - bit_shift<-10>(v1); // 1.0
    ap_ufixed<12,5> v19 = v6 + bit_shift<3>(v5); // 1.0
    ap_ufixed<12,3> v20 = v4 + bit_shift<-2>(v13); // 1.0
    ap_fixed<11,3> v21 = v8 - bit_shift<-1>(v9); // 1.0
    ap_ufixed<11,4> v22 = v3 + bit_shift<1>(v11); // 1.0
    ap_fixed<13,2> v23 = v5 - bit_shift<-4>(v6); // 1.0
    ap_fixed<11,4> v24 = v10 - bit_shift<2>(v12); // 1.0
    ap_ufixed<11,4> v25 = v12 + bit_shift<2>(v13); // 1.0
    ap_ufixed<13,6> v26 = v3 + bit_shift<4>(v14); // 1.0
    ap_ufixed<15,8> v27 = v0 + bit_shift<6>(v14); // 1.0
    ap_ufixed<10,4> v28 = v4 + bit_shift<2>(v12); // 1.0
    ap_ufixed<10,2> v29 = v0 + bit_shift<-1>(v1); // 1.0
    ap_ufixed<13,2> v30 = v7 + bit_shift<-4>(v10); // 1.0
    ap_ufixed<13,2> v31 = v6 + bit_shift<-4>(v7); // 1.0
    ap_ufixed<9,2> v32 = v10 + v5; // 1.0
    ap_ufixed<10,3> v33 = v3 + bit_shift<1>(v5); // 1.0
    ap_fixed<11,2> v34 = v1 - bit_shift<-2>(v1); // 1.0
    ap_ufixed<11,2> v35 = v9 + bit_shift<-2>(v15); // 1.0
    ap_ufixed<10,3> v36 = v4 + v12; // 1.0
    ap_fixed<12,1> v37 = v2 - bit_shift<-3>(v2); // 1.0
    ap_ufixed<9,3> v38 = v4 + bit_shift<1>(v15); // 1.0
    ap_ufixed<12,5> v39 = v10 + bit_shift<3>(v14); // 1.0
    ap_fixed<15,2> v40 = v10 - bit_shift<-6>(v0); // 1.0
    ap_ufixed<10,3> v41 = v4 + v15; // 1.0
    ap_ufixed<11,2> v42 = v12 + bit_shift<-2>(v13); // 1.0
    ap_ufixed<10,2> v43 = v6 + bit_shift<-2>(v8); // 1.0
    ap_ufixed<10,3> v44 = v7 + v11; // 1.0
    ap_fixed<10,2> v45 = v0 - bit_shift<-1>(v1); // 1.0
    ap_ufixed<11,4> v46 = v5 + bit_shift<2>(v9); // 1.0
    ap_ufixed<13,6> v47 = v5 + bit_shift<4>(v14); // 1.0
    ap_ufixed<12,2> v48 = v6 + bit_shift<-4>(v11); // 1.0
    ap_ufixed<16,9> v49 = v3 + bit_shift<7>(v14); // 1.0
    ap_fixed<13,3> v50 = v8 - bit_shift<-2>(v2); // 1.0
    ap_fixed<14,2> v51 = v2 - bit_shift<-2>(v16); // 2.0
    ap_fixed<20,13> v52 = v17 - bit_shift<11>(v15); // 2.0
    ap_fixed<21,4> v53 = v18 + bit_shift<-3>(v19); // 2.0
    ap_fixed<14,5> v54 = v20 + v21; // 2.0
    ap_fixed<23,5> v55 = v22 - bit_shift<-7>(v23); // 2.0
    ap_fixed<11,3> v56 = v15 + bit_shift<-1>(v24); // 2.0
    ap_fixed<13,3> v57 = v16 + bit_shift<-1>(v20); // 2.0
    ap_ufixed<15,8> v58 = v25 + bit_shift<2>(v26); // 2.0
    ap_ufixed<15,8> v59 = v27 + bit_shift<3>(v28); // 2.0
    ap_fixed<15,4> v60 = v21 + v30; // 2.0
    ap_fixed<14,7> v61 = v14 - bit_shift<5>(v23); // 2.0
    ap_fixed<11,2> v62 = v1 - bit_shift<-1>(v29); // 2.0
    ap_ufixed<14,2> v63 = v12 + bit_shift<-1>(v31); // 2.0
    ap_fixed<17,6> v64 = v23 + bit_shift<3>(v31); // 2.0
    ap_ufixed<14,3> v65 = v32 + bit_shift<-4>(v33); // 2.0
    ap_fixed<13,4> v66 = v34 + v21; // 2.0
    ap_ufixed<12,2> v67 = v35 + bit_shift<-3>(v36); // 2.0
    ap_ufixed<15,8> v68 = v27 + bit_shift<5>(v35); // 2.0
    ap_fixed<16,5> v69 = v25 - bit_shift<-4>(v25); // 2.0
    ap_fixed<13,4> v70 = v8 - bit_shift<2>(v37); // 2.0
    ap_ufixed<14,4> v71 = v38 + bit_shift<-3>(v39); // 2.0
    ap_fixed<16,7> v72 = v22 + bit_shift<4>(v40); // 2.0
    ap_fixed<12,5> v73 = v3 - bit_shift<1>(v41); // 2.0
    ap_ufixed<13,7> v74 = v11 + bit_shift<5>(v42); // 2.0
    ap_ufixed<13,3> v75 = v43 + bit_shift<1>(v30); // 2.0
    ap_ufixed<13,4> v76 = v44 + v42; // 2.0
    ap_ufixed<11,3> v77 = v10 + bit_shift<-1>(v41); // 2.0
    ap_fixed<14,4> v78 = v41 - bit_shift<-2>(v45); // 2.0
    ap_fixed<13,6> v79 = v33 + bit_shift<4>(v37); // 2.0
    ap_ufixed<15,8> v80 = v46 + bit_shift<2>(v47); // 2.0
    ap_ufixed<13,5> v81 = v29 + bit_shift<3>(v35); // 2.0
    ap_fixed<18,11> v82 = v9 - bit_shift<4>(v47); // 2.0
    ap_fixed<13,3> v83 = v48 + bit_shift<-1>(v45); // 2.0
    ap_fixed<17,10> v84 = v49 + bit_shift<5>(v50); // 2.0
    ap_ufixed<17,6> v85 = v30 + bit_shift<3>(v44); // 2.0
    ap_fixed<14,4> v86 = v24 + bit_shift<-3>(v47); // 2.0
    ap_fixed<14,6> v87 = v13 + bit_shift<4>(v51); // 3.0
    ap_fixed<22,15> v88 = v52 + bit_shift<11>(v53); // 3.0
    ap_fixed<24,5> v89 = v54 + bit_shift<-1>(v55); // 3.0
    ap_fixed<12,4> v90 = v4 - v56; // 3.0
    ap_fixed<17,7> v91 = v57 + bit_shift<-2>(v58); // 3.0
    ap_fixed<16,8> v92 = v29 + bit_shift<4>(v60); // 3.0
    ap_fixed<17,6> v93 = v60 + bit_shift<-2>(v61); // 3.0
    ap_fixed<12,3> v94 = v9 - v62; // 3.0
    ap_fixed<18,6> v95 = v63 + v64; // 3.0
    ap_fixed<22,13> v96 = v66 - bit_shift<8>(v22); // 3.0
    ap_ufixed<17,3> v97 = v67 + bit_shift<-7>(v68); // 3.0
    ap_fixed<17,10> v98 = v22 - bit_shift<5>(v69); // 3.0
    ap_fixed<15,5> v99 = v70 + v71; // 3.0
    ap_fixed<15,8> v100 = v61 + bit_shift<3>(v70); // 3.0
    ap_fixed<17,7> v101 = v72 - bit_shift<-3>(v73); // 3.0
    ap_ufixed<15,8> v102 = v74 + bit_shift<3>(v75); // 3.0
    ap_ufixed<14,5> v103 = v76 + bit_shift<-3>(v74); // 3.0
    ap_fixed<12,3> v104 = v21 - bit_shift<-1>(v77); // 3.0
    ap_fixed<14,6> v105 = v4 - bit_shift<2>(v78); // 3.0
    ap_fixed<19,12> v106 = v79 + bit_shift<3>(v80); // 3.0
    ap_fixed<18,9> v107 = v81 + bit_shift<-2>(v82); // 3.0
    ap_fixed<17,3> v108 = v63 + bit_shift<-4>(v83); // 3.0
    ap_fixed<22,15> v109 = v84 - bit_shift<10>(v25); // 3.0
    ap_fixed<24,7> v110 = v85 - bit_shift<-7>(v86); // 3.0
    ap_fixed<18,7> v111 = v77 + bit_shift<-4>(v82); // 3.0
    ap_fixed<22,7> v112 = v87 + bit_shift<-8>(v88); // 4.0
    ap_fixed<24,5> v113 = v89 - bit_shift<-5>(v90); // 4.0
    ap_fixed<19,9> v114 = v91 - v59; // 4.0
    ap_fixed<16,6> v115 = v11 - bit_shift<-2>(v92); // 4.0
    ap_fixed<18,7> v116 = v93 + bit_shift<3>(v94); // 4.0
    ap_fixed<21,9> v117 = v95 - bit_shift<5>(v65); // 4.0
    ap_fixed<24,13> v118 = v96 - bit_shift<3>(v97); // 4.0
    ap_fixed<18,5> v119 = v90 + bit_shift<-3>(v99); // 4.0
    ap_fixed<18,9> v120 = v100 + bit_shift<1>(v101); // 4.0
    ap_ufixed<19,8> v121 = v102 + bit_shift<-2>(v103); // 4.0
    ap_fixed<14,8> v122 = v8 + bit_shift<4>(v104); // 4.0
    ap_fixed<18,11> v123 = v6 + bit_shift<5>(v105); // 4.0
    ap_fixed<21,14> v124 = v106 - bit_shift<8>(v73); // 4.0
    ap_fixed<18,9> v125 = v107 + bit_shift<1>(v87); // 4.0
    ap_fixed<25,18> v126 = v109 + bit_shift<11>(v110); // 4.0
    ap_fixed<19,10> v127 = v98 + bit_shift<2>(v111); // 4.0
    ap_fixed<25,10> v128 = v112 + bit_shift<4>(v113); // 5.0
    ap_fixed<19,9> v129 = v114 + v115; // 5.0
    ap_fixed<25,10> v130 = v117 + bit_shift<-4>(v118); // 5.0
    ap_fixed<17,6> v131 = v115 - bit_shift<-4>(v98); // 5.0
    ap_fixed<20,9> v132 = v120 - v121; // 5.0
    ap_fixed<19,13> v133 = v122 - bit_shift<10>(v94); // 5.0
    ap_fixed<21,14> v134 = v123 + v124; // 5.0
    ap_fixed<21,12> v135 = v125 - bit_shift<9>(v108); // 5.0
    ap_fixed<25,10> v136 = v122 + bit_shift<-8>(v126); // 5.0
    ap_fixed<21,12> v137 = v127 + v123; // 5.0
    ap_fixed<21,10> v138 = v129 - v116; // 6.0
    ap_fixed<19,8> v139 = v131 - bit_shift<2>(v119); // 6.0
    ap_fixed<21,15> v140 = v133 + bit_shift<1>(v134); // 6.0
    ap_fixed<25,13> v141 = v135 + bit_shift<3>(v136); // 6.0
    ap_fixed<25,10> v142 = v128 + bit_shift<-2>(v138); // 7.0
    ap_fixed<25,10> v143 = v130 + bit_shift<1>(v139); // 7.0
    ap_fixed<21,10> v144 = v132 + bit_shift<-5>(v140); // 7.0
    ap_fixed<27,15> v145 = v141 - bit_shift<2>(v137); // 7.0

    model_out[0] = ap_fixed<25,5>(bit_shift<-5>(v142));
    model_out[1] = ap_fixed<25,4>(bit_shift<-6>(v143));
    model_out[2] = ap_fixed<21,4>(bit_shift<-6>(v144));
    model_out[3] = ap_fixed<27,5>(bit_shift<-10>(v145));
}

} // namespace nnet

#endif
