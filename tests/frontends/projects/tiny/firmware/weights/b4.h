//Numpy array shape [2]
//Min 0.603669755656
//Max 1.409285161839
//Number of zeros 0

#ifndef B4_H_
#define B4_H_

#ifndef __SYNTHESIS__
last_bias_t b4[2];
#else
last_bias_t b4[2] = {1.40929, 0.60367};

#endif

#endif
