/* Whether OpenVINO computes all operators of an ONNX file as they are meant. */
#ifndef OV_OPERATORS_H
#define OV_OPERATORS_H

#include "ov.h"

/* @return AP_EUNSUPPORTED: the message names the operator and its node. */
ap_status ovp_operators_check(const void *bytes, size_t n_bytes, ap_error *err);

#endif
