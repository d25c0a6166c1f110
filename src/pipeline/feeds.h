/* Where a task puts the feeds of one input. */
#ifndef AP_PIPELINE_FEEDS_H
#define AP_PIPELINE_FEEDS_H

#include "value/value.h"

#include <accelpipe/sys/task.h>

/* Most feeds that one input may give: chunks of a text, labels of a zero-shot call. */
#define AP__FEEDS_MAX ((size_t)1 << 20)

struct ap_feeds {
    ap_value *list; /* Borrowed: a list of dicts. */
};

/* Appends an empty dict to fill in place. */
ap_status ap__feeds_add(ap_value **feed, ap_feeds *feeds, ap_error *err);

#endif
