//Numpy array shape [4]
//Min 0.000000000000
//Max 0.000000000000
//Number of zeros 4

#ifndef B6_H_
#define B6_H_

#ifndef __SYNTHESIS__
second_bias_t b6[4];
#else
second_bias_t b6[4] = {0, 0, 0, 0};

#endif

#endif
