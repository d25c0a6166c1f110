/* The version of the library. */
#include <accelpipe/api.h>

const char *ap_version(void) { return AP_VERSION_STRING; }
