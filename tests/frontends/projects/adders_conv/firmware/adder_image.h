#ifndef ADDER_IMAGE_H_
#define ADDER_IMAGE_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"

#include "defines.h"


// Prototype of top level function for C-synthesis
void adder_image(
    x_t x[6*6*2],
    result_t layer10_out[4]
);

// hls-fpga-machine-learning insert emulator-defines


#endif
