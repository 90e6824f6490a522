#ifndef ADDER_STREAM_H_
#define ADDER_STREAM_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"

#include "defines.h"


// Prototype of top level function for C-synthesis
void adder_stream(
    hls::stream<x_t> &x,
    hls::stream<result_t> &layer10_out
);

// hls-fpga-machine-learning insert emulator-defines


#endif
