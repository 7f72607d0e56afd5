// The workload `gcbench` of the harness, with the same answer: see
// harness/src/workloads/gcbench.rs. Prints the answer and the elapsed nanoseconds.

final class Gcbench {
    private static final int DEPTH_MIN = 4;

    private static final class Node {
        Node left;
        Node right;
        final int first;
        final int second;

        Node(Node left, Node right) {
            this.left = left;
            this.right = right;
            this.first = 1;
            this.second = 2;
        }

        static Node bottomUp(int depth) {
            if (depth == 0) {
                return new Node(null, null);
            }
            Node left = bottomUp(depth - 1);
            Node right = bottomUp(depth - 1);
            return new Node(left, right);
        }

        static Node topDown(int depth) {
            Node root = new Node(null, null);
            populate(root, depth);
            return root;
        }

        static void populate(Node node, int depth) {
            if (depth == 0) {
                return;
            }
            node.left = new Node(null, null);
            node.right = new Node(null, null);
            populate(node.left, depth - 1);
            populate(node.right, depth - 1);
        }

        long sum() {
            return first + second + (left == null ? 0 : left.sum()) + (right == null ? 0 : right.sum());
        }
    }

    // `Checksum` of the harness.
    private static long checksum = 0;

    private static void add(long value) {
        checksum = (Long.rotateLeft(checksum, 29) ^ value) * 0x9E3779B97F4A7C15L;
    }

    private static long nodes(int depth) {
        return (1L << (depth + 1)) - 1;
    }

    public static void main(String[] arguments) {
        long start = System.nanoTime();
        int depthMax = Integer.parseInt(arguments[0]);
        int depthStretch = depthMax + 2;
        int arrayLength = 1 << (depthMax + 3);

        add(Node.bottomUp(depthStretch).sum());
        Node longLived = Node.topDown(depthMax);
        double[] array = new double[arrayLength];
        for (int index = 0; index < arrayLength / 2; index++) {
            array[index] = 1.0 / (index + 1);
        }
        for (int depth = DEPTH_MIN; depth <= depthMax; depth += 2) {
            long sum = 0;
            long trees = 2 * nodes(depthStretch) / nodes(depth);
            for (long tree = 0; tree < trees; tree++) {
                sum += Node.topDown(depth).first;
            }
            for (long tree = 0; tree < trees; tree++) {
                sum += Node.bottomUp(depth).second;
            }
            add(sum);
        }
        add(longLived.sum());
        for (double number : array) {
            add(Double.doubleToRawLongBits(number));
        }
        System.out.printf("%016x %d%n", checksum, System.nanoTime() - start);
    }
}
