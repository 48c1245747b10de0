/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-top: console over the stats segment; needs neither control nor a living data plane. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <time.h>

#include "sl_bus.h"
#include "sl_conf.h"
#include "sl_ctl.h"
#include "top.h"

#define DEFAULT_CONF "/etc/sluice/sluice.conf"

static const char usage[] =
	"Usage: sluice-top [-c FILE | -i NAME] [-d SECONDS] [--screen NAME]\n"
	"       sluice-top --batch [--once] [-o text|json] [...]\n"
	"Console of a gateway on this machine. It only reads.\n"
	"\n"
	"  -c, --config FILE    configuration that names the instance (default " DEFAULT_CONF ")\n"
	"  -i, --instance NAME  the instance itself\n"
	"  -d, --delay SECONDS  time between two looks (default 1)\n"
	"  -s, --screen NAME    overview, ports, workers, routes, clusters, services or drops\n"
	"  -b, --batch          write to standard output, of all screens or the one named\n"
	"  -1, --once           one look, then end (with --batch)\n"
	"  -o, --output FORM    text or json (with --batch); json is one line a look\n"
	"  -h, --help           this text\n"
	"  -V, --version        version\n";

volatile sig_atomic_t top_stop;

struct options {
	const char *conf, *instance;
	double delay_s;
	int screen; /* -1: not named */
	bool batch, once, json;
};

static void on_signal(int sig)
{
	top_stop = 1;
}

/** Prints what is wrong with the arguments. @return Exit code. */
static int misuse(const char *what, const char *value)
{
	fprintf(stderr, "sluice-top: %s '%s'\n%s", what, value, usage);
	return 2;
}

/** Takes one option. @return -1 to go on, else the exit code. */
static int option_take(struct options *o, int c)
{
	char *end;

	switch (c) {
	case 'c':
		o->conf = optarg;
		return -1;
	case 'i':
		o->instance = optarg;
		return -1;
	case 'd':
		o->delay_s = strtod(optarg, &end);
		if (*end || !(o->delay_s >= 0.1 && o->delay_s <= 3600))
			return misuse("the delay is 0.1 to 3600 seconds, not", optarg);
		return -1;
	case 's':
		o->screen = screen_find(optarg);
		return o->screen < 0 ? misuse("there is no screen", optarg) : -1;
	case 'b':
		o->batch = true;
		return -1;
	case '1':
		o->once = true;
		return -1;
	case 'o':
		o->json = strcmp(optarg, "json") == 0;
		return o->json || strcmp(optarg, "text") == 0
			       ? -1
			       : misuse("the form is text or json, not", optarg);
	case 'h':
		fputs(usage, stdout);
		return 0;
	case 'V':
		puts("sluice-top " SL_VERSION);
		return 0;
	}
	fputs(usage, stderr);
	return 2;
}

static int options_read(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"instance", required_argument, NULL, 'i'},
					      {"delay", required_argument, NULL, 'd'},
					      {"screen", required_argument, NULL, 's'},
					      {"batch", no_argument, NULL, 'b'},
					      {"once", no_argument, NULL, '1'},
					      {"output", required_argument, NULL, 'o'},
					      {"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'V'},
					      {0}};
	bool form = false;
	int c;

	*o = (struct options){.conf = DEFAULT_CONF, .delay_s = 1, .screen = -1};
	while ((c = getopt_long(argc, argv, "c:i:d:s:b1o:hV", longs, NULL)) != -1) {
		int rc = option_take(o, c);

		if (rc >= 0)
			return rc;
		form |= c == 'o';
	}
	if (optind < argc)
		return misuse("what is", argv[optind]);
	if (!o->batch && (o->once || form))
		return misuse("only with --batch:", o->once ? "--once" : "--output");
	return -1;
}

static int path_find(const struct options *o, struct source *src, struct sl_err *err)
{
	char instance[33], dir[128];
	struct sl_conf *conf;
	int rc;

	snprintf(instance, sizeof(instance), "%s", o->instance ? o->instance : "");
	if (!o->instance) {
		rc = sl_conf_read(&conf, o->conf, err);
		if (rc < 0)
			return rc;
		snprintf(instance, sizeof(instance), "%s", sl_conf_box(conf)->instance);
		sl_conf_free(conf);
	} else if (strlen(o->instance) >= sizeof(instance)) {
		return sl_err(err, EINVAL, "Instance name '%.40s' is too long.", o->instance);
	}
	rc = sl_ctl_dir(instance, dir, sizeof(dir), err);
	if (rc == 0)
		snprintf(src->path, sizeof(src->path), "%s/stats", dir);
	return rc;
}

static bool json_print(const struct sl_stats *stats, const struct screen *only,
		       const struct moment *m)
{
	json_t *root = json_moment(stats, only, m);
	bool ok = root && json_dumpf(root, stdout, JSON_COMPACT) == 0;

	json_decref(root);
	return ok && putchar('\n') != EOF;
}

static bool moment_print(const struct options *o, const struct source *src, const struct moment *m)
{
	const struct screen *only = o->screen < 0 ? NULL : &screens[o->screen];
	char line[512];
	bool ok = true;

	if (o->json)
		return json_print(src->stats, only, m);
	status_format(m->now, line, sizeof(line));
	printf("%s\n\n", line);
	for (int i = 0; i < SCREENS; i++)
		if (!only || only == &screens[i])
			ok = text_print(stdout, &screens[i], m) && ok;
	return ok;
}

static void wait_s(double s)
{
	struct timespec ts = {.tv_sec = (time_t)s, .tv_nsec = (long)((s - (time_t)s) * 1e9)};

	nanosleep(&ts, NULL);
}

static int batch_run(struct source *src, const struct options *o)
{
	struct sample *prev = NULL, *now;
	bool ok = true;

	source_refresh(src);
	if (!src->stats) {
		sl_log(SL_LOG_ERROR, "No data plane has run here: %s", src->err.text);
		return 1;
	}
	prev = sample_take(src->stats);
	while (ok && prev && !top_stop) {
		struct moment m;

		wait_s(o->delay_s);
		if (top_stop)
			break;
		source_refresh(src);
		now = sample_take(src->stats);
		if (!now)
			break;
		m = (struct moment){now, prev->generation == now->generation ? prev : NULL};
		ok = moment_print(o, src, &m) && fflush(stdout) == 0;
		sample_free(prev);
		prev = now;
		if (o->once)
			break;
	}
	sample_free(prev);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_signal};
	struct source src = {0};
	struct options o;
	struct sl_err err;
	int rc = options_read(argc, argv, &o);

	if (rc >= 0)
		return rc;
	sl_log_init("sluice-top", SL_LOG_INFO);
	if (path_find(&o, &src, &err) < 0) {
		sl_log(SL_LOG_ERROR, "%s", err.text);
		return 1;
	}
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sl_bus_explain(SL_BUS_SEGMENT("sluice-top"));
	if (o.batch) {
		rc = batch_run(&src, &o);
	} else {
		struct ui_options ui = {.delay_s = o.delay_s, .screen = SL_MAX(o.screen, 0)};

		source_refresh(&src);
		rc = ui_run(&src, &ui);
	}
	source_close(&src);
	return rc;
}
