#ifndef TOWER_NET_H_
#define TOWER_NET_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"

#include "defines.h"


// Prototype of top level function for C-synthesis
void tower_net(
    hls::stream<input_t> &towers,
    hls::stream<result_t> &layer14_out
);

// hls-fpga-machine-learning insert emulator-defines


#endif
