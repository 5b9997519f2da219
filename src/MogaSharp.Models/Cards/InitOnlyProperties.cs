using System.Reflection;
using System.Text.Json.Serialization.Metadata;

namespace MogaSharp.Models;

/// <summary>Default values of properties that only an initializer can set, which a generated reader would lose.</summary>
internal static class InitOnlyProperties
{
    /// <summary>
    /// Lets a reader begin with an object of the type and set what the text has. Generated code names every property in one initializer
    /// instead, so those that the text leaves out lose their defaults. The setters are those of metadata that the generated code itself
    /// keeps from being trimmed.
    /// </summary>
    /// <param name="type">The generated description of a type without constructor parameters.</param>
    /// <param name="create">Makes an object with the defaults; what is required it may leave empty.</param>
    public static void KeepDefaults(JsonTypeInfo type, Func<object> create)
    {
        type.CreateObject = create;
        foreach (JsonPropertyInfo property in type.Properties)
            if (property is { Set: not null, AttributeProvider: PropertyInfo setter })
                property.Set = setter.SetValue;
    }
}
