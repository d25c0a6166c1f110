/* Rules that narrow what is drawn from. */
#ifndef AP_GENERATE_WARPERS_H
#define AP_GENERATE_WARPERS_H

#include "generate/rules.h"

void ap__warp_temperature(const ap__rules *rules, ap__row *row);
void ap__warp_top_k(const ap__rules *rules, ap__row *row);
void ap__warp_top_p(const ap__rules *rules, ap__row *row);
void ap__warp_min_p(const ap__rules *rules, ap__row *row);
void ap__warp_typical_p(const ap__rules *rules, ap__row *row);
void ap__warp_epsilon(const ap__rules *rules, ap__row *row);
void ap__warp_eta(const ap__rules *rules, ap__row *row);

#endif
