#ifndef CALO_NET_H_
#define CALO_NET_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"

#include "defines.h"


// Prototype of top level function for C-synthesis
void calo_net(
    hls::stream<input_t> &image,
    hls::stream<result_t> &layer12_out
);

// hls-fpga-machine-learning insert emulator-defines


#endif
