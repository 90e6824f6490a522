#ifndef TINY_H_
#define TINY_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"

#include "defines.h"


// Prototype of top level function for C-synthesis
void tiny(
    input_t x[4],
    result_t layer5_out[2]
);

// hls-fpga-machine-learning insert emulator-defines


#endif
