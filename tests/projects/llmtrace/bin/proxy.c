/* Stands for the program in the image: says that it is well, and knows no flag: small enough to keep the programs in the repository.
   cc -static -nostdlib -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables -fno-pie -no-pie -Os -s \
      -Wl,--build-id=none -Wl,-z,noseparate-code -o llmtrace-proxy-linux-amd64 proxy.c */
#if defined(__x86_64__)
static long call(long n, long a, long b, long c) {
    __asm__ volatile("syscall" : "+a"(n) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return n;
}
enum { WRITE = 1, EXIT = 60 };
__asm__(".globl _start\n_start: mov %rsp, %rdi\ncall begin");
#else
static long call(long n, long a, long b, long c) {
    register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
enum { WRITE = 64, EXIT = 93 };
__asm__(".globl _start\n_start: mov x0, sp\nbl begin");
#endif

void begin(const long *stack) {
    static const char well[] = "ok\n", flag[] = "llmtrace-proxy: unknown flag\n";
    int is_asked = stack[0] > 1;
    call(WRITE, is_asked ? 2 : 1, (long)(is_asked ? flag : well), is_asked ? sizeof flag - 1 : sizeof well - 1);
    call(EXIT, is_asked, 0, 0);
}
