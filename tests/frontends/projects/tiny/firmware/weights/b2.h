//Numpy array shape [3]
//Min -0.054803619069
//Max 2.117944025121
//Number of zeros 0

#ifndef B2_H_
#define B2_H_

#ifndef __SYNTHESIS__
hidden_bias_t b2[3];
#else
hidden_bias_t b2[3] = {2.11794, 0.56664, -0.05480};

#endif

#endif
