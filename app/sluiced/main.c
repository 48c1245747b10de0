/* SPDX-License-Identifier: BSD-3-Clause */
/* sluiced: the data plane. Reads sluice.conf, starts EAL and the workers, runs the main lcore. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "sl_bus.h"
#include "sluiced.h"

#define DEFAULT_CONF "/etc/sluice/sluice.conf"

volatile sig_atomic_t sluiced_stop;

static const char usage[] =
	"Usage: sluiced [-c FILE] [--no-huge]\n"
	"The data plane of Sluice: owns the ports and serves the traffic. Runs in the foreground.\n"
	"\n"
	"  -c, --config FILE  configuration (default " DEFAULT_CONF ")\n"
	"      --no-huge      ordinary memory even where hugepages are reserved\n"
	"  -h, --help         this text\n"
	"  -V, --version      version\n";

static void on_signal(int sig)
{
	sluiced_stop = sluiced_stop + 1;
}

static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

struct options {
	const char *conf;
	bool no_huge;
};

/* @return -1 to go on, else the exit code. */
static int parse_args(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"no-huge", no_argument, NULL, 'n'},
					      {"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'V'},
					      {0}};
	int c;

	*o = (struct options){.conf = DEFAULT_CONF};
	while ((c = getopt_long(argc, argv, "c:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->conf = optarg;
			break;
		case 'n':
			o->no_huge = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("sluiced " SL_VERSION);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return 2;
	}
	return -1;
}

static unsigned long read_number(const char *path)
{
	char text[32];
	unsigned long n = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	if (fgets(text, sizeof(text), f))
		n = strtoul(text, NULL, 10);
	fclose(f);
	return n;
}

/* Free hugepage memory of any size, in MiB, as the kernel counts it. */
static uint64_t hugepages_free_mb(void)
{
	return read_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") * 2 +
	       read_number("/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages") * 1024;
}

/* Memory that can be had without swapping, in MiB; 0 if the kernel doesn't say. */
static uint64_t memory_available_mb(void)
{
	unsigned long kb = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, "MemAvailable:", 13) == 0)
			kb = strtoul(line + 13, NULL, 10);
	fclose(f);
	return kb / 1024;
}

/* Decides on hugepages and says so in one sentence. */
static int choose_memory(const struct sl_conf_box *conf, bool no_huge, bool *ordinary,
			 struct sl_err *err)
{
	uint64_t have = hugepages_free_mb();

	*ordinary = no_huge || conf->hugepages == SL_HUGE_NO ||
		    (conf->hugepages == SL_HUGE_AUTO && have < conf->memory_mb);
	if (!*ordinary && have < conf->memory_mb)
		return sl_err(err, ENOMEM,
			      "memory.size is %u MiB but only %lu MiB of hugepages are free: run "
			      "`sysctl vm.nr_hugepages=%u` or set memory.hugepages = \"auto\".",
			      conf->memory_mb, (unsigned long)have, conf->memory_mb / 2 + 1);
	for (int i = 0; *ordinary && i < conf->n_ports; i++)
		if (strcmp(conf->port[i].kind, "pci") == 0)
			return sl_err(err, ENOMEM,
				      "Port %s is a PCI device, which needs hugepages: run `sysctl "
				      "vm.nr_hugepages=%u`.",
				      conf->port[i].name, conf->memory_mb / 2 + 1);
	have = memory_available_mb();
	if (*ordinary && have && have < conf->memory_mb)
		return sl_err(
			err, ENOMEM,
			"memory.size is %u MiB but only %lu MiB of memory are available: write "
			"a smaller memory.size.",
			conf->memory_mb, (unsigned long)have);
	if (*ordinary)
		sl_log(SL_LOG_INFO, "Running without hugepages, in %u MiB of ordinary memory.",
		       conf->memory_mb);
	else
		sl_log(SL_LOG_INFO, "Running in up to %u MiB of hugepages.", conf->memory_mb);
	return 0;
}

/* Tables are touched for the first time here, not by a worker under its first packets. */
static void fault_in_memory(void)
{
	if (mlockall(MCL_CURRENT) < 0)
		sl_log(SL_LOG_WARN,
		       "Memory can't be locked (%s): the first connections will be slower. Raise "
		       "the "
		       "limit on locked memory.",
		       strerror(errno));
}

static int run(struct box *b, struct sl_err *err)
{
	int rc = box_create(b, err);

	if (rc < 0)
		return rc;
	fault_in_memory();
	for (uint16_t i = 0; rc == 0 && i < b->n_workers; i++)
		rc = rte_eal_remote_launch(sl_worker_main, b->worker[i], i + 1u);
	if (rc < 0)
		return sl_err(err, EBUSY, "A worker lcore does not start.");
	sl_log(SL_LOG_INFO, "Instance \"%s\" is up with %u worker%s on %u port%s.",
	       b->conf->instance, b->n_workers, b->n_workers == 1 ? "" : "s", b->n_ports,
	       b->n_ports == 1 ? "" : "s");
	main_lcore_run(b);
	for (uint16_t i = 0; i < b->n_workers; i++)
		sl_worker_stop(b->worker[i]);
	rte_eal_mp_wait_lcore();
	sl_log(SL_LOG_INFO, "Stopped.");
	return 0;
}

static int start(const struct sl_conf_box *conf, bool no_huge, struct sl_err *err)
{
	struct box *b = calloc(1, sizeof(*b));
	bool ordinary;
	int rc;

	if (!b)
		return sl_err(err, ENOMEM, "Out of memory.");
	b->conf = conf;
	b->lock_fd = -1;
	rc = choose_memory(conf, no_huge, &ordinary, err);
	if (rc == 0)
		rc = eal_start(conf, ordinary, err);
	if (rc == 0) {
		rc = run(b, err);
		box_free(b);
		rte_eal_cleanup();
	}
	free(b);
	return rc;
}

int main(int argc, char **argv)
{
	struct sl_err err = {.text = ""};
	struct sl_conf *conf;
	struct options o;
	int rc = parse_args(argc, argv, &o);

	if (rc >= 0)
		return rc;
	sl_log_init("sluiced", SL_LOG_INFO);
	catch_signals();
	sl_bus_explain(SL_BUS_SEGMENT("sluiced"));
	rc = sl_conf_read(&conf, o.conf, &err);
	if (rc == 0) {
		rc = start(sl_conf_box(conf), o.no_huge, &err);
		sl_conf_free(conf);
	}
	if (rc < 0)
		sl_log(SL_LOG_ERROR, "%s", err.text);
	return rc < 0 ? 1 : 0;
}
