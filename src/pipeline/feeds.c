/* The list of feeds of one input. */
#include "pipeline/feeds.h"

#include "base/error.h"

static ap_status check_count(const ap_feeds *feeds, ap_error *err) {
    if (ap_value_len(feeds->list) < AP__FEEDS_MAX) return AP_OK;
    return ap__fail(err, AP_ELIMIT, "the input gives more than %zu chunks; make it shorter", AP__FEEDS_MAX);
}

ap_status ap__feeds_add(ap_value **feed, ap_feeds *feeds, ap_error *err) {
    *feed = NULL;
    ap_status status = check_count(feeds, err);
    if (!status) status = ap__list_add(feed, feeds->list, err);
    if (!status) ap__value_set_dict(*feed);
    return status;
}

ap_status ap_feeds_add_take(ap_feeds *feeds, ap_value *feed, ap_error *err) {
    ap_status status =
        feeds && feed ? AP_OK : ap__fail(err, AP_EINVAL, "ap_feeds_add_take: an argument is NULL");
    if (!status && ap_value_kind(feed) != AP_KIND_DICT)
        status = ap__fail(err, AP_ETYPE, "a feed is a dict, not a %s", ap_kind_name(ap_value_kind(feed)));
    if (!status) status = check_count(feeds, err);
    if (status) {
        ap_value_destroy(feed);
        return status;
    }
    return ap_value_list_append_take(feeds->list, feed, err);
}

size_t ap_feeds_get_n(const ap_feeds *feeds) { return ap_value_len(feeds->list); }

ap_value *ap_feeds_get(ap_feeds *feeds, size_t index) {
    return index < ap_value_len(feeds->list) ? ap__list_item(feeds->list, index) : NULL;
}
