/* Source: ISO C 7.27.3.5, with glibc's flags "-", "_", "0" and "^"; cpython@v3.11 adds %f. */
#include "generate/chat/strftime.h"

#include "base/ascii.h"
#include "base/error.h"

#include <string.h>
#include <time.h>

static const char *const DAYS[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};
static const char *const MONTHS[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};

static bool is_leap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

/* From 0. */
static int day_of_year(const ap__jinja_time *t) {
    static const int DAYS_BEFORE[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    return DAYS_BEFORE[t->month - 1] + t->day - 1 + (t->month > 2 && is_leap(t->year));
}

/* Sunday is 0. Source: the rule of the Gregorian calendar, from the year 1, which began on a Monday. */
static int weekday_of(int64_t year, int i_day) {
    int64_t before = year - 1;
    return (int)((before * 365 + before / 4 - before / 100 + before / 400 + i_day + 1) % 7);
}

/* ISO 8601: weeks begin on Monday, the first one holds the year's first Thursday. */
static int iso_week(const ap__jinja_time *t, int64_t *year) {
    int i_day = day_of_year(t), weekday = (weekday_of(t->year, i_day) + 6) % 7;
    int week = (i_day - weekday + 10) / 7;
    *year = t->year;
    if (week < 1) {
        int64_t last = --*year;
        int last_day = is_leap(last) ? 365 : 364, last_weekday = (weekday_of(last, last_day) + 6) % 7;
        return (last_day - last_weekday + 10) / 7;
    }
    int n_days = is_leap(t->year) ? 366 : 365;
    if (week == 53 && n_days - i_day <= 3 - weekday + 0) {
        ++*year;
        return 1;
    }
    return week;
}

/* A number with at least `width` digits; the flag says what fills them. */
typedef struct field {
    int64_t number;
    int width;
    char fill;
} field;

static bool find_number(char letter, const ap__jinja_time *t, field *out) {
    int i_day = day_of_year(t), weekday = weekday_of(t->year, i_day),
        hour12 = t->hour % 12 ? t->hour % 12 : 12;
    int64_t iso_year;
    int week = iso_week(t, &iso_year);
    const struct {
        char letter;
        field field;
    } FIELDS[] = {{'d', {t->day, 2, '0'}},
                  {'e', {t->day, 2, ' '}},
                  {'m', {t->month, 2, '0'}},
                  {'Y', {t->year, 1, '0'}},
                  {'y', {t->year % 100, 2, '0'}},
                  {'C', {t->year / 100, 2, '0'}},
                  {'G', {iso_year, 1, '0'}},
                  {'g', {iso_year % 100, 2, '0'}},
                  {'H', {t->hour, 2, '0'}},
                  {'k', {t->hour, 2, ' '}},
                  {'I', {hour12, 2, '0'}},
                  {'l', {hour12, 2, ' '}},
                  {'M', {t->minute, 2, '0'}},
                  {'S', {t->second, 2, '0'}},
                  {'f', {t->microsecond, 6, '0'}},
                  {'j', {i_day + 1, 3, '0'}},
                  {'u', {weekday ? weekday : 7, 1, '0'}},
                  {'w', {weekday, 1, '0'}},
                  {'U', {(i_day + 7 - weekday) / 7, 2, '0'}},
                  {'W', {(i_day + 7 - (weekday + 6) % 7) / 7, 2, '0'}},
                  {'V', {week, 2, '0'}}};
    for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++) {
        if (FIELDS[i].letter != letter) continue;
        *out = FIELDS[i].field;
        return true;
    }
    return false;
}

static ap_status append_number(ap__buf *out, field f, char flag, ap_error *err) {
    if (flag == '_') f.fill = ' ';
    if (flag == '0') f.fill = '0';
    if (flag == '-') f.width = 1;
    return f.fill == '0' ? ap__buf_printf(out, err, "%0*lld", f.width, (long long)f.number)
                         : ap__buf_printf(out, err, "%*lld", f.width, (long long)f.number);
}

/* Names; and directives that stand for others. */
static const char *find_text(char letter, const ap__jinja_time *t, size_t *len, bool *is_format) {
    const char *text = NULL;
    int weekday = weekday_of(t->year, day_of_year(t));
    *len = SIZE_MAX;
    *is_format = strchr("DFTRrcxXh", letter) != NULL;
    switch (letter) {
    case 'a':
        *len = 3;
        return DAYS[weekday];
    case 'A':
        return DAYS[weekday];
    case 'b':
        *len = 3;
        return MONTHS[t->month - 1];
    case 'B':
        return MONTHS[t->month - 1];
    case 'p':
        return t->hour < 12 ? "AM" : "PM";
    case 'P':
        return t->hour < 12 ? "am" : "pm";
    case 'n':
        return "\n";
    case 't':
        return "\t";
    case '%':
        return "%";
    case 'Z':
    case 'z':
        return ""; /* A time without a zone. */
    default:
        break;
    }
    static const struct {
        char letter;
        const char *format;
    } FORMATS[] = {{'D', "%m/%d/%y"}, {'x', "%m/%d/%y"},    {'F', "%Y-%m-%d"},
                   {'T', "%H:%M:%S"}, {'X', "%H:%M:%S"},    {'R', "%H:%M"},
                   {'h', "%b"},       {'r', "%I:%M:%S %p"}, {'c', "%a %b %e %H:%M:%S %Y"}};
    for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++)
        if (FORMATS[i].letter == letter) text = FORMATS[i].format;
    return text;
}

static ap_status append_text(ap__buf *out, const char *text, size_t max, bool is_upper, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < max && text[i] && !status; i++) {
        char c = is_upper && text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - ('a' - 'A')) : text[i];
        status = ap__buf_append(out, &c, 1, err);
    }
    return status;
}

static ap_status append_directive(ap__buf *out, char letter, char flag, const ap__jinja_time *time,
                                  ap_error *err) {
    field f;
    size_t len;
    bool is_format;
    if (find_number(letter, time, &f)) return append_number(out, f, flag, err);
    const char *text = letter ? find_text(letter, time, &len, &is_format) : NULL;
    if (!text)
        return ap__fail(err, AP_EUNSUPPORTED, "the directive \"%%%c\" of a time is not supported",
                        letter >= ' ' && letter < 127 ? letter : '?');
    if (is_format) return ap__jstrftime(out, (ap__text){text, strlen(text)}, time, err);
    return append_text(out, text, len, flag == '^', err);
}

ap_status ap__jstrftime(ap__buf *out, ap__text format, const ap__jinja_time *time, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t at = 0; at < format.len && !status; at++) {
        char flag = 0;
        if (format.ptr[at] != '%') {
            status = ap__buf_append(out, &format.ptr[at], 1, err);
            continue;
        }
        if (++at < format.len && strchr("-_0^", format.ptr[at])) flag = format.ptr[at++];
        status = append_directive(out, at < format.len ? format.ptr[at] : 0, flag, time, err);
    }
    return status;
}

void ap__jinja_time_now(ap__jinja_time *out) {
    struct timespec now = {0};
    struct tm local = {.tm_mday = 1};
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    *out = (ap__jinja_time){
        local.tm_year + 1900, local.tm_mon + 1,         local.tm_mday, local.tm_hour, local.tm_min,
        local.tm_sec,         (int)(now.tv_nsec / 1000)};
}
