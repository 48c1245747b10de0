/* SPDX-License-Identifier: BSD-3-Clause */
/* The ctl segment: found or made by whichever process comes first, whole whoever died before. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sl_ctl.h"
#include "sl_heads.h"

#define ROOT         "/dev/shm/sluice"
#define MSG_RING     sl_ring_size(SL_CTL_MSG_SLOTS, SL_CTL_MSG_SIZE)
#define LOG_RING     sl_ring_size(SL_CTL_LOG_SLOTS, SL_CTL_LOG_SIZE)
#define HEAD_RING    sl_ring_size(SL_CTL_HEAD_SLOTS, SL_CTL_HEAD_SIZE)
#define HDR_SIZE     ((size_t)256)
#define WORKER_SIZE  (MSG_RING + LOG_RING + HEAD_RING)
#define WORKER_RINGS 3u
#define RINGS        (2 + WORKER_RINGS * SL_CTL_WORKERS_MAX)
#define LOCK_WAIT_MS 2000

_Static_assert(sizeof(struct sl_ctl_hdr) <= HDR_SIZE, "shared layout");
_Static_assert(sizeof(struct sl_ctl_cmd) <= SL_CTL_MSG_SIZE - 4, "fits a message");
_Static_assert(sizeof(struct sl_ctl_ans) <= SL_CTL_MSG_SIZE - 4, "fits a message");
_Static_assert(sizeof(struct sl_head_record) + SL_HEAD_TEXT_MAX <= SL_CTL_HEAD_SIZE - 4,
	       "fits a message");
_Static_assert(SL_CTL_MSG_SIZE % 64 == 0 && SL_CTL_LOG_SIZE % 64 == 0 && SL_CTL_HEAD_SIZE % 64 == 0,
	       "aligned payloads");

struct sl_ctl {
	uint8_t *base;
	int fd;
};

/* Worker after worker at the end, so that a box with few of them needs memory for few only. */
static size_t worker_off(uint32_t worker)
{
	return HDR_SIZE + 2 * MSG_RING + worker * WORKER_SIZE;
}

static size_t segment_size(void)
{
	return worker_off(SL_CTL_WORKERS_MAX);
}

/** Place and shape of ring 0 .. RINGS-1: the main lcore's two, then each worker's. */
static struct sl_ring *ring_at(const struct sl_ctl *ctl, uint32_t i, uint32_t *slots,
			       uint32_t *slot_size)
{
	static const uint32_t shape[WORKER_RINGS][2] = {{SL_CTL_MSG_SLOTS, SL_CTL_MSG_SIZE},
							{SL_CTL_LOG_SLOTS, SL_CTL_LOG_SIZE},
							{SL_CTL_HEAD_SLOTS, SL_CTL_HEAD_SIZE}};
	uint32_t kind = i < 2 ? 0 : (i - 2) % WORKER_RINGS;
	size_t off = i < 2 ? HDR_SIZE + i * MSG_RING : worker_off((i - 2) / WORKER_RINGS);

	for (uint32_t k = 0; k < kind; k++)
		off += sl_ring_size(shape[k][0], shape[k][1]);
	*slots = shape[kind][0];
	*slot_size = shape[kind][1];
	return (struct sl_ring *)(ctl->base + off);
}

static uint32_t layout_hash(void)
{
	const uint64_t numbers[] = {sizeof(struct sl_ctl_hdr),
				    sizeof(struct sl_ring),
				    sizeof(struct sl_ctl_cmd),
				    sizeof(struct sl_ctl_ans),
				    sizeof(struct sl_log_record),
				    sizeof(struct sl_head_record),
				    HDR_SIZE,
				    SL_CTL_WORKERS_MAX,
				    SL_CTL_MSG_SLOTS,
				    SL_CTL_MSG_SIZE,
				    SL_CTL_LOG_SLOTS,
				    SL_CTL_LOG_SIZE,
				    SL_CTL_HEAD_SLOTS,
				    SL_CTL_HEAD_SIZE,
				    SL_LOG_TEXTS,
				    SL_FLAG_COUNT};
	uint64_t h = sl_fnv1a(0, numbers, sizeof(numbers));

	return (uint32_t)(h ^ h >> 32);
}

static int fail(struct sl_err *err, const char *dir, const char *what, int code)
{
	return sl_err(err, code, "%s/ctl: %s: %s.", dir, what, strerror(code));
}

/** Makes one folder; one that is there already must be ours and nobody else's to write in. */
static int folder_make(const char *path, mode_t mode, struct sl_err *err)
{
	struct stat st;

	if (mkdir(path, mode) < 0 && errno != EEXIST) {
		int code = errno;

		return sl_err(err, code, "%s can't be made: %s%s.", path, strerror(code),
			      code == EACCES ? "; run as root" : "");
	}
	if (lstat(path, &st) < 0)
		return sl_err(err, errno, "%s can't be used: %s.", path, strerror(errno));
	if (!S_ISDIR(st.st_mode) || (st.st_uid != geteuid() && st.st_uid != 0) ||
	    ((st.st_mode & 022) && !(st.st_mode & S_ISVTX)))
		return sl_err(err, EPERM,
			      "%s must be a folder of this user that no other user can write to; "
			      "remove it or run as its owner.",
			      path);
	return 0;
}

/** Opens the instance folder, made with its parent when missing. */
static int folder_open(const char *dir, struct sl_err *err)
{
	const char *slash = strrchr(dir, '/');
	char parent[256];
	int fd, rc;

	if (slash && slash > dir) {
		if ((size_t)(slash - dir) >= sizeof(parent))
			return sl_err(err, ENAMETOOLONG, "%.100s...: path too long.", dir);
		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - dir), dir);
		rc = folder_make(parent, 0755, err);
		if (rc < 0)
			return rc;
	}
	rc = folder_make(dir, 0700, err);
	if (rc < 0)
		return rc;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(err, dir, "open", errno);
	return fd;
}

/** Takes the lock that keeps two starting processes apart; its holder needs milliseconds. */
static int lock_take(int dirfd, const char *dir, struct sl_err *err)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	int fd = openat(dirfd, "ctl.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail(err, dir, "lock", errno);
	for (int ms = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; ms += 5) {
		if (ms >= LOCK_WAIT_MS || (errno != EWOULDBLOCK && errno != EINTR)) {
			int code = errno == EWOULDBLOCK ? EBUSY : errno;

			close(fd);
			return fail(err, dir, "another process holds its lock", code);
		}
		nanosleep(&pause, NULL);
	}
	return fd;
}

/** Reserves memory of the file, so that touching it can't raise SIGBUS; 0 or errno. */
static int reserve(int fd, size_t off, size_t n)
{
	int rc;

	do
		rc = posix_fallocate(fd, (off_t)off, (off_t)n);
	while (rc == EINTR);
	return rc;
}

/** Puts every ring that can't be used into its first state; the others keep their messages. */
static int rings_repair(struct sl_ctl *ctl)
{
	uint32_t slots, slot_size;

	for (uint32_t i = 0; i < RINGS; i++) {
		struct sl_ring *ring = ring_at(ctl, i, &slots, &slot_size);
		int rc = reserve(ctl->fd, (size_t)((uint8_t *)ring - ctl->base), sizeof(*ring));

		if (rc)
			return rc;
		if (!sl_ring_valid(ring, slots, slot_size))
			sl_ring_init(ring, slots, slot_size);
	}
	return 0;
}

/** Maps ctl->fd; 0 or errno. */
static int map(struct sl_ctl *ctl)
{
	void *p = mmap(NULL, segment_size(), PROT_READ | PROT_WRITE, MAP_SHARED, ctl->fd, 0);

	if (p == MAP_FAILED)
		return errno;
	ctl->base = p;
	return 0;
}

static void unmap(struct sl_ctl *ctl)
{
	if (ctl->base)
		munmap(ctl->base, segment_size());
	if (ctl->fd >= 0)
		close(ctl->fd);
	ctl->base = NULL;
	ctl->fd = -1;
}

/** Maps the segment that is there, if it is of this layout. */
static bool existing_use(struct sl_ctl *ctl, int dirfd)
{
	const struct sl_ctl_hdr *h;
	struct stat st;

	ctl->fd = openat(dirfd, "ctl", O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (ctl->fd < 0)
		return false;
	if (fstat(ctl->fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size != (off_t)segment_size() || map(ctl)) {
		unmap(ctl);
		return false;
	}
	h = sl_ctl_hdr(ctl);
	if (h->magic == SL_CTL_MAGIC && h->version == SL_CTL_VERSION &&
	    h->layout == layout_hash() && h->size == segment_size())
		return true;
	unmap(ctl);
	return false;
}

/** Makes a new segment beside the old one and puts it in its place; 0 or errno. */
static int create(struct sl_ctl *ctl, int dirfd)
{
	struct sl_ctl_hdr *h;
	int rc;

	unlinkat(dirfd, "ctl.new", 0);
	ctl->fd = openat(dirfd, "ctl.new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (ctl->fd < 0 || ftruncate(ctl->fd, (off_t)segment_size()) < 0)
		return errno;
	rc = reserve(ctl->fd, 0, worker_off(0));
	if (!rc)
		rc = map(ctl);
	if (!rc)
		rc = rings_repair(ctl);
	if (rc)
		return rc;
	h = sl_ctl_hdr(ctl);
	h->version = SL_CTL_VERSION;
	h->layout = layout_hash();
	h->size = segment_size();
	h->magic = SL_CTL_MAGIC;
	return renameat(dirfd, "ctl.new", dirfd, "ctl") < 0 ? errno : 0;
}

int sl_ctl_open(struct sl_ctl **out, const char *dir, struct sl_err *err)
{
	struct sl_ctl *ctl = calloc(1, sizeof(*ctl));
	int dirfd, lock, rc;

	if (!ctl)
		return sl_err(err, ENOMEM, "Out of memory.");
	ctl->fd = -1;
	dirfd = folder_open(dir, err);
	if (dirfd < 0) {
		free(ctl);
		return dirfd;
	}
	lock = lock_take(dirfd, dir, err);
	if (lock < 0) {
		close(dirfd);
		free(ctl);
		return lock;
	}
	rc = existing_use(ctl, dirfd) ? rings_repair(ctl) : create(ctl, dirfd);
	if (rc) {
		unlinkat(dirfd, "ctl.new", 0);
		rc = fail(err, dir, "can't be made", rc);
		sl_ctl_close(ctl);
	} else {
		*out = ctl;
	}
	close(lock);
	close(dirfd);
	return rc;
}

int sl_ctl_reserve(struct sl_ctl *ctl, uint32_t workers, struct sl_err *err)
{
	int rc;

	if (workers > SL_CTL_WORKERS_MAX)
		return sl_err(err, EINVAL, "%u workers: at most %u are possible.", workers,
			      SL_CTL_WORKERS_MAX);
	rc = reserve(ctl->fd, 0, worker_off(workers));
	if (rc)
		return sl_err(err, rc, "No room for %zu KiB of its rings to control: %s.",
			      worker_off(workers) / 1024, strerror(rc));
#ifdef MADV_POPULATE_WRITE
	/* Older kernels don't know it: then the first round over a ring faults its pages in. */
	madvise(ctl->base, worker_off(workers), MADV_POPULATE_WRITE);
#endif
	return 0;
}

void sl_ctl_close(struct sl_ctl *ctl)
{
	if (!ctl)
		return;
	unmap(ctl);
	free(ctl);
}

struct sl_ctl_hdr *sl_ctl_hdr(const struct sl_ctl *ctl)
{
	return (struct sl_ctl_hdr *)ctl->base;
}

struct sl_ring *sl_ctl_main_cmd(const struct sl_ctl *ctl)
{
	return (struct sl_ring *)(ctl->base + HDR_SIZE);
}

struct sl_ring *sl_ctl_main_ans(const struct sl_ctl *ctl)
{
	return (struct sl_ring *)(ctl->base + HDR_SIZE + MSG_RING);
}

struct sl_ring *sl_ctl_ans(const struct sl_ctl *ctl, uint32_t worker)
{
	if (worker >= SL_CTL_WORKERS_MAX)
		return NULL;
	return (struct sl_ring *)(ctl->base + worker_off(worker));
}

struct sl_ring *sl_ctl_log(const struct sl_ctl *ctl, uint32_t worker)
{
	if (worker >= SL_CTL_WORKERS_MAX)
		return NULL;
	return (struct sl_ring *)(ctl->base + worker_off(worker) + MSG_RING);
}

struct sl_ring *sl_ctl_head(const struct sl_ctl *ctl, uint32_t worker)
{
	if (worker >= SL_CTL_WORKERS_MAX)
		return NULL;
	return (struct sl_ring *)(ctl->base + worker_off(worker) + MSG_RING + LOG_RING);
}

int sl_ctl_dir(const char *instance, char *buf, size_t cap, struct sl_err *err)
{
	size_t n = strspn(instance, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_-");

	if (n == 0 || n > 32 || instance[n])
		return sl_err(err, EINVAL,
			      "Instance name '%.40s' must be 1 to 32 letters, digits, '_' or '-'.",
			      instance);
	if ((size_t)snprintf(buf, cap, ROOT "/%s", instance) >= cap)
		return sl_err(err, EINVAL, "No room for the path of instance '%s'.", instance);
	return 0;
}

char *sl_ctl_snap_path(const char *dir, uint64_t epoch, char *buf, size_t cap)
{
	snprintf(buf, cap, "%s/snap.%" PRIu64, dir, epoch);
	return buf;
}
