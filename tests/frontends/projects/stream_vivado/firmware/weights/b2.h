//Numpy array shape [3]
//Min -0.023443425074
//Max 0.038145575672
//Number of zeros 0

#ifndef B2_H_
#define B2_H_

#ifndef __SYNTHESIS__
conv0_bias_t b2[3];
#else
conv0_bias_t b2[3] = {0.0091553926, 0.0381455757, -0.0234434251};

#endif

#endif
