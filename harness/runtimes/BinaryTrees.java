// The workload `binary-trees` of the harness, with the same answer: see
// harness/src/workloads/binary_trees.rs. Prints the answer and the elapsed nanoseconds.

final class BinaryTrees {
    private static final int DEPTH_MIN = 4;

    private static final class Tree {
        final Tree left;
        final Tree right;

        Tree(Tree left, Tree right) {
            this.left = left;
            this.right = right;
        }

        static Tree grow(int depth) {
            if (depth == 0) {
                return new Tree(null, null);
            }
            Tree left = grow(depth - 1);
            Tree right = grow(depth - 1);
            return new Tree(left, right);
        }

        long count() {
            return 1 + (left == null ? 0 : left.count()) + (right == null ? 0 : right.count());
        }
    }

    // `Checksum` of the harness.
    private static long checksum = 0;

    private static void add(long value) {
        checksum = (Long.rotateLeft(checksum, 29) ^ value) * 0x9E3779B97F4A7C15L;
    }

    public static void main(String[] arguments) {
        long start = System.nanoTime();
        int depthMax = Integer.parseInt(arguments[0]);
        add(Tree.grow(depthMax + 1).count());
        Tree longLived = Tree.grow(depthMax);
        for (int depth = DEPTH_MIN; depth <= depthMax; depth += 2) {
            long trees = 1L << (depthMax - depth + DEPTH_MIN);
            long nodes = 0;
            for (long tree = 0; tree < trees; tree++) {
                nodes += Tree.grow(depth).count();
            }
            add(nodes);
        }
        add(longLived.count());
        System.out.printf("%016x %d%n", checksum, System.nanoTime() - start);
    }
}
