// What every C-simulation includes and what does not change between them: compiled once, ahead of time.
#pragma once

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>
