//Numpy array shape [3]
//Min 0.000000000000
//Max 0.000000000000
//Number of zeros 3

#ifndef B12_H_
#define B12_H_

#ifndef __SYNTHESIS__
scores_bias_t b12[3];
#else
scores_bias_t b12[3] = {0.0000000000, 0.0000000000, 0.0000000000};

#endif

#endif
