#ifndef ADDERS_H_
#define ADDERS_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"

#include "defines.h"


// Prototype of top level function for C-synthesis
void adders(
    x_t x[4],
    result_t layer6_out[2]
);

// hls-fpga-machine-learning insert emulator-defines


#endif
