//Numpy array shape [6]
//Min 0.000000000000
//Max 0.000000000000
//Number of zeros 6

#ifndef B10_H_
#define B10_H_

#ifndef __SYNTHESIS__
hidden_bias_t b10[6];
#else
hidden_bias_t b10[6] = {0.0000000000, 0.0000000000, 0.0000000000, 0.0000000000, 0.0000000000, 0.0000000000};

#endif

#endif
