//Numpy array shape [4, 3]
//Min -2.048653807171
//Max 1.420008424764
//Number of zeros 0

#ifndef W2_H_
#define W2_H_

#ifndef __SYNTHESIS__
hidden_weight_t w2[12];
#else
hidden_weight_t w2[12] = {0.65761, 0.73729, -0.35629, 0.27017, 0.89010, 0.78103, -1.00887, 0.02596, 0.07970, -0.28232, 1.42001, -2.04865};

#endif

#endif
