//Numpy array shape [10]
//Min -0.062500000000
//Max 0.031250000000
//Number of zeros 2

#ifndef B7_H_
#define B7_H_

#ifndef __SYNTHESIS__
bias7_t b7[10];
#else
bias7_t b7[10] = {-0.03125, 0.03125, 0.03125, -0.06250, 0.03125, 0.03125, 0.03125, 0.00000, 0.00000, -0.03125};

#endif

#endif
