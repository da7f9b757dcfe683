import com.googlecode.d2j.Method;
import com.googlecode.d2j.dex.Dex2jar;
import com.googlecode.d2j.dex.DexExceptionHandler;
import com.googlecode.d2j.node.DexMethodNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.objectweb.asm.MethodVisitor;

/**
 * Android's code as classes that a JVM runs: {@code java -cp DEX2JAR DexToJar.java CLASSES.dex OUT.jar}. A method that the
 * translator does not understand ends with its name; left to itself, it would leave a method that throws.
 */
public final class DexToJar {
    public static void main(String[] arguments) throws IOException {
        Path jar = Path.of(arguments[1]);
        Files.deleteIfExists(jar);
        Dex2jar.from(Path.of(arguments[0]).toFile()).withExceptionHandler(new Strict()).to(jar);
    }

    private static final class Strict implements DexExceptionHandler {
        @Override
        public void handleFileException(Exception error) {
            throw new IllegalStateException("the file cannot be translated: " + error, error);
        }

        @Override
        public void handleMethodTranslateException(
                Method method, DexMethodNode node, MethodVisitor visitor, Exception error) {
            throw new IllegalStateException(method + " cannot be translated: " + error, error);
        }
    }
}
