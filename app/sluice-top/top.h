/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluice-top: the parts it is made of.
 *
 *   source.c    the data plane's segment, of this run or the next
 *   sample.c    all its numbers at one moment
 *   screen_*.c  a moment -> a page of tables; one file a screen, listed in screens.c
 *   text.c, json.c, ui.c   a page -> batch text, JSON, terminal
 */
#ifndef TOP_H
#define TOP_H

#include <jansson.h>
#include <signal.h>
#include <stdio.h>

#include "sl_stats_sum.h"

#define TOP_SILENT_US 1000000u /* heartbeat older than this: the data plane is not running */

/* ---- source.c ---- */

/** The segment of an instance; it may come, go and be replaced while we look. */
struct source {
	char path[256];
	struct sl_stats *stats; /* NULL: none yet */
	struct sl_err err;      /* why there is none */
};

/** Maps the segment when there is none, or the new one when the data plane was started anew. */
void source_refresh(struct source *src);
void source_close(struct source *src);

/* ---- sample.c ---- */

/** Live objects of one class with their sums over all workers. */
struct sample_class {
	struct sl_stats_object *obj; /* in order of slots; names printable */
	void *value;                 /* struct sl_stats_<class> [n] */
	size_t n;
};

struct sample {
	uint64_t at_us; /* monotonic */
	uint64_t generation, epoch, started_us, heartbeat_us;
	uint64_t mbufs_total, mbufs_free;
	int32_t pid;
	char instance[64];
	uint32_t n_workers, n_ports;
	bool directory_ok; /* false: names could not be read, and cls is empty */
	struct sl_stats_counters worker[SL_STATS_WORKERS_MAX + 1]; /* [n_workers]: main lcore */
	uint64_t worker_drops[SL_STATS_WORKERS_MAX + 1];
	struct sl_stats_counters total;
	uint64_t drop[SL_DROP_COUNT], drops;
	struct sl_stats_stage stage[SL_STAGE_COUNT];
	struct sl_stats_port_info port_info[SL_STATS_PORTS_MAX];
	struct sl_stats_port port[SL_STATS_PORTS_MAX];
	struct sample_class cls[SL_STATS_CLASS_COUNT];
};

/** @return A sample to free with sample_free, or NULL when out of memory. */
struct sample *sample_take(const struct sl_stats *stats);
void sample_free(struct sample *s);

/** Whether the data plane was writing when the sample was taken. */
bool sample_alive(const struct sample *s);

/** Seconds since it last wrote; 0 when that can't be known. */
double sample_age_s(const struct sample *s);

/** Two samples of one run, for rates; prev is NULL when there is no earlier one. */
struct moment {
	const struct sample *now, *prev;
};

/** Object i of the class as it is now. */
const void *moment_now(const struct moment *m, enum sl_stats_class cls, size_t i);

/** The same object earlier, or NULL when it was not there. */
const void *moment_prev(const struct moment *m, enum sl_stats_class cls, size_t i);

/** What a histogram gained between the two (all of it without an earlier one). */
void hist_gain(struct sl_hist *out, const struct sl_hist *now, const struct sl_hist *prev);

/* ---- page.c ---- */

enum cell_kind { CELL_NONE, CELL_TEXT, CELL_COUNT, CELL_RATE, CELL_US, CELL_PERCENT };

struct cell {
	enum cell_kind kind;
	const char *text; /* CELL_TEXT: lives as long as page and sample */
	double real;      /* the others; CELL_COUNT is exact in count */
	uint64_t count;
};

struct column {
	const char *heading, *key; /* key: in JSON and for sorting */
	unsigned width;            /* 0: what is left of the line */
	bool left;                 /* flush left */
	bool wide;                 /* on a terminal only where there is room */
	const char *help;
};

#define PAGE_COLUMNS_MAX 16
#define PAGE_TABLES_MAX  2

struct table {
	const char *name; /* in JSON */
	const struct column *col;
	unsigned n_cols;
	bool fixed; /* order means something: never sorted */
	struct cell *cell;
	size_t n_rows, cap;
};

struct page {
	struct table table[PAGE_TABLES_MAX];
	unsigned n_tables;
	char **text; /* made by page_text */
	size_t n_text, text_cap;
	bool no_memory; /* something is missing */
	struct cell spare[PAGE_COLUMNS_MAX];
};

struct screen {
	const char *name, *title; /* for --screen and JSON; for people */
	const char *sort; /* key of the column it is sorted by at first, downwards; or NULL */
	void (*build)(struct page *page, const struct moment *m);
};

#define SCREENS 7
extern const struct screen screens[SCREENS];

/** @return Index of the screen, or -1. */
int screen_find(const char *name);

/** Builds the page of a screen; page_free it. */
void page_build(struct page *page, const struct screen *screen, const struct moment *m);
void page_free(struct page *page);

/** Adds a table; the columns must outlive the page. */
struct table *page_table(struct page *page, const char *name, const struct column *col,
			 unsigned n_cols);

/** Adds a row of empty cells; never NULL. */
struct cell *page_row(struct page *page, struct table *t);

/** Text that lives as long as the page. */
const char *page_text(struct page *page, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

struct cell cell_text(const char *text);
struct cell cell_count(uint64_t v);
struct cell cell_us(uint64_t us);
struct cell cell_percent(double part, double whole); /* none when whole is 0 */

/** A quotient, or none when there is nothing to divide by. */
struct cell cell_ratio(double part, double whole);

/** Change a second between two values; none without an earlier sample. prev NULL: was 0. */
struct cell cell_rate(const struct moment *m, uint64_t now, const uint64_t *prev);

/** Like cell_rate in bits, from bytes. */
struct cell cell_bits(const struct moment *m, uint64_t now, const uint64_t *prev);

/** Quantile of what a histogram gained; none when it gained nothing. */
struct cell cell_quantile(const struct sl_hist *gain, double q);

/**
 * The cell as text.
 *
 * @param width Room; a number that needs more is rounded and gets a unit. 0: exact, any length.
 */
const char *cell_format(const struct cell *c, unsigned width, char *buf, size_t cap);

/** Rows to show in order: those that contain filter, sorted by key if the table has it. */
size_t table_arrange(const struct table *t, const char *sort, bool descending, const char *filter,
		     size_t *order);

/* Field of an object now and before, for cell_rate. */
#define PREV(obj, field) ((obj) ? &(obj)->field : NULL)

/* ---- text.c ---- */

/**
 * Widths of the columns; 0: column not shown.
 *
 * @param line_width Characters of a line; 0: no limit, columns as wide as what stands in them.
 */
void line_layout(const struct table *t, unsigned line_width, unsigned width[PAGE_COLUMNS_MAX]);

/** Writes the headings, with 'v' or '^' at the column it is sorted by (key or NULL). */
void line_heading(const struct table *t, const unsigned *width, const char *sort, bool descending,
		  char *buf, size_t cap);

/**
 * Writes one row. A name too long for its column is cut in the middle.
 *
 * @param shift Characters cut off the beginning of texts in the flexible column instead.
 */
void line_row(const struct table *t, size_t row, const unsigned *width, unsigned shift, char *buf,
	      size_t cap);

/** One line: which run this is and whether it goes on. */
void status_format(const struct sample *s, char *buf, size_t cap);

/** Batch text of one screen. @return false when out of memory. */
bool text_print(FILE *out, const struct screen *screen, const struct moment *m);

/* ---- json.c ---- */

/** One screen (or all, NULL) and the raw numbers. NULL when out of memory. */
json_t *json_moment(const struct sl_stats *stats, const struct screen *only,
		    const struct moment *m);

/* ---- ui.c ---- */

struct ui_options {
	double delay_s;
	int screen;
};

/** Runs the console until the user quits. @return Exit code. */
int ui_run(struct source *src, const struct ui_options *opt);

/** Set by a signal: put the terminal back and leave. */
extern volatile sig_atomic_t top_stop;

#endif
