//Numpy array shape [3, 2]
//Min -2.393081942482
//Max 1.734679979773
//Number of zeros 0

#ifndef W4_H_
#define W4_H_

#ifndef __SYNTHESIS__
last_weight_t w4[6];
#else
last_weight_t w4[6] = {-0.02618, -0.65495, -2.39308, -0.19743, -0.43779, 1.73468};

#endif

#endif
