//Numpy array shape [4]
//Min -0.037987984717
//Max 0.040252815932
//Number of zeros 0

#ifndef B5_H_
#define B5_H_

#ifndef __SYNTHESIS__
conv1_bias_t b5[4];
#else
conv1_bias_t b5[4] = {-0.0186793320, -0.0379879847, 0.0340098776, 0.0402528159};

#endif

#endif
