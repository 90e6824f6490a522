//Numpy array shape [6, 3]
//Min -0.805092573166
//Max 0.591223716736
//Number of zeros 0

#ifndef W12_H_
#define W12_H_

#ifndef __SYNTHESIS__
scores_weight_t w12[18];
#else
scores_weight_t w12[18] = {-0.46698, -0.22781, 0.16039, 0.51912, -0.34117, -0.80509, -0.20862, 0.54139, 0.29458, -0.39242, -0.47882, -0.40949, 0.20462, -0.55304, -0.26560, -0.74894, 0.59122, 0.15085};

#endif

#endif
